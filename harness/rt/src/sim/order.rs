//! Draws which of a host's ready tasks runs next.
//!
//! A runtime runs ready tasks in the order in which they were woken, whatever the seed. Here, a task that comes to its
//! turn waits until all ready tasks have come to theirs; then the seed picks one of them. Another seed is thus another
//! interleaving. Picking by priorities with a few changes at drawn points is probabilistic concurrency testing
//! (Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs,
//! 2010): it reaches deeper races than an independent draw each time. A simulator that already randomises scheduling is
//! left alone.

use std::{collections::BTreeMap, task::Waker};

use chaosdrill_core::{
    Stream,
    limits::{PRIORITY_CHANGES_MAX, PRIORITY_STEPS},
    plan::Order,
};

/// The ready tasks of one host.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Tasks that have come to their turn and wait, in the order of their numbers; usually one.
    ready: Vec<(u64, Waker)>,
    /// The task that ends the round, and whether it has come to its turn once: by its next turn, all ready tasks have
    /// come.
    closer: Option<(u64, bool)>,
    /// The task that runs next.
    chosen: Option<u64>,
}

/// What a task does at its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It runs.
    Run,
    /// It waits until it is woken.
    Wait,
    /// It waits, and must be woken after all other ready tasks of its host have come to their turns.
    WaitForOthers,
}

/// Picks tasks, over all hosts.
#[derive(Debug)]
pub(crate) struct Picker {
    order: Order,
    dice: Stream,
    /// Priorities by host and task; the highest priority runs.
    priorities: BTreeMap<(usize, u64), u64>,
    /// Run counts after which the running task drops to the lowest priority; the next one is last.
    changes: Vec<u64>,
    runs: u64,
    lowest: u64,
}

impl Picker {
    pub(crate) fn new(order: Order, mut dice: Stream) -> Self {
        let mut changes: Vec<u64> = match order {
            Order::Priorities { changes } => {
                (0..changes.min(PRIORITY_CHANGES_MAX)).map(|_| dice.below(PRIORITY_STEPS)).collect()
            }
            Order::Fifo | Order::Random => Vec::new(),
        };
        changes.sort_unstable_by(|a, b| b.cmp(a));
        Self { order, dice, priorities: BTreeMap::new(), changes, runs: 0, lowest: u64::MAX / 2 }
    }

    fn pick(&mut self, host: usize, ready: &[(u64, Waker)]) -> u64 {
        let picked = match self.order {
            _ if ready.len() == 1 => ready[0].0,
            Order::Fifo | Order::Random => self.dice.pick(ready).expect("somebody is ready").0,
            Order::Priorities { .. } => {
                let highest = ready.iter().max_by_key(|(task, _)| self.priority(host, *task));
                highest.expect("somebody is ready").0
            }
        };
        self.runs += 1;
        while self.changes.last().is_some_and(|at| *at < self.runs) {
            self.changes.pop();
            self.lowest -= 1;
            self.priorities.insert((host, picked), self.lowest);
        }
        picked
    }

    fn priority(&mut self, host: usize, task: u64) -> u64 {
        let dice = &mut self.dice;
        *self.priorities.entry((host, task)).or_insert_with(|| u64::MAX / 2 + dice.next_u64() / 2)
    }
}

impl Turns {
    /// Decides what a task does at its turn.
    pub(crate) fn may_run(
        &mut self,
        picker: &mut Picker,
        host: usize,
        task: u64,
        waker: &Waker,
    ) -> Turn {
        if picker.order == Order::Fifo {
            return Turn::Run;
        }
        if self.chosen == Some(task) {
            self.chosen = None;
            self.remove(task);
            self.begin_a_round();
            return Turn::Run;
        }
        self.insert(task, waker);
        if self.chosen.is_some() {
            return Turn::Wait;
        }
        match self.closer {
            Some((closer, _)) if closer != task => Turn::Wait,
            None | Some((_, false)) => {
                self.closer = Some((task, true));
                Turn::WaitForOthers
            }
            Some((_, true)) => {
                self.closer = None;
                let picked = picker.pick(host, &self.ready);
                if picked == task {
                    self.remove(task);
                    self.begin_a_round();
                    return Turn::Run;
                }
                self.chosen = Some(picked);
                let place = self.place(picked).expect("it was picked among them");
                self.ready[place].1.wake_by_ref();
                Turn::Wait
            }
        }
    }

    /// Removes a task that has ended.
    pub(crate) fn forget(&mut self, task: u64) {
        self.remove(task);
        if self.chosen == Some(task) || self.closer.is_some_and(|(closer, _)| closer == task) {
            (self.chosen, self.closer) = (None, None);
            self.begin_a_round();
        }
    }

    /// Begins a round: one of the waiting tasks must end it.
    fn begin_a_round(&mut self) {
        if let Some((task, waker)) = self.ready.first() {
            self.closer = Some((*task, false));
            waker.wake_by_ref();
        }
    }

    /// The index of a task, or the index at which to insert it.
    fn place(&self, task: u64) -> Result<usize, usize> {
        self.ready.binary_search_by_key(&task, |(task, _)| *task)
    }

    fn insert(&mut self, task: u64, waker: &Waker) {
        match self.place(task) {
            Ok(place) => self.ready[place].1.clone_from(waker),
            Err(place) => self.ready.insert(place, (task, waker.clone())),
        }
    }

    fn remove(&mut self, task: u64) {
        if let Ok(place) = self.place(task) {
            self.ready.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use chaosdrill_core::Seed;

    use super::*;

    /// The order in which three tasks run that are always ready and that a runtime polls in turn.
    fn runs(order: Order, seed: u64, length: usize) -> Vec<u64> {
        let mut picker = Picker::new(order, Seed(seed).stream("order"));
        let mut turns = Turns::default();
        let mut ran = Vec::new();
        for task in [1, 2, 3].into_iter().cycle() {
            if ran.len() == length {
                break;
            }
            if turns.may_run(&mut picker, 0, task, Waker::noop()) == Turn::Run {
                ran.push(task);
            }
        }
        ran
    }

    #[test]
    fn a_seed_is_an_order_and_another_is_another() {
        assert_eq!(runs(Order::Fifo, 1, 4), [1, 2, 3, 1]);
        assert_eq!(runs(Order::Random, 1, 40), runs(Order::Random, 1, 40));
        assert_ne!(runs(Order::Random, 1, 40), runs(Order::Random, 2, 40));
    }

    #[test]
    fn every_ready_task_runs_about_as_often_as_any_other() {
        let ran = runs(Order::Random, 7, 3_000);
        for task in [1, 2, 3] {
            let times = ran.iter().filter(|ran| **ran == task).count();
            assert!((850..1_150).contains(&times), "task {task} ran {times} times");
        }
    }

    #[test]
    fn the_highest_priority_runs_until_it_changes() {
        let order = Order::Priorities { changes: 0 };
        let ran = runs(order, 3, 20);
        assert!(ran.iter().all(|task| *task == ran[0]), "{ran:?}");
        let order = Order::Priorities { changes: 3 };
        let ran = runs(order, 3, PRIORITY_STEPS as usize + 1);
        let switches = ran.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!((1..=3).contains(&switches), "{switches} switches");
    }

    #[test]
    fn a_task_that_is_dropped_does_not_keep_the_others_waiting() {
        let mut picker = Picker::new(Order::Random, Seed(1).stream("order"));
        let mut turns = Turns::default();
        assert_eq!(turns.may_run(&mut picker, 0, 1, Waker::noop()), Turn::WaitForOthers);
        assert_eq!(turns.may_run(&mut picker, 0, 2, Waker::noop()), Turn::Wait);
        turns.forget(1);
        assert_eq!(turns.closer, Some((2, false)));
        assert_eq!(turns.may_run(&mut picker, 0, 2, Waker::noop()), Turn::WaitForOthers);
        assert_eq!(turns.may_run(&mut picker, 0, 2, Waker::noop()), Turn::Run);
        assert_eq!((turns.closer, turns.chosen), (None, None));
    }
}
