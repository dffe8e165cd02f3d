//! Whether a task of a host may be polled now.

use std::task::Waker;

use chaosdrill_core::limits::POLLS_PER_INSTANT_MAX;

use crate::sim::{
    host::{Here, State},
    order::Turn,
    stop::Stop,
    world::World,
};

impl World {
    /// Counts a poll of a host's task; `false` if the host was polled too often in one instant.
    fn count_poll(&mut self, host: usize, at_ns: u64) -> bool {
        let (at, polls) = &mut self.hosts[host].polls_at;
        if *at != at_ns {
            (*at, *polls) = (at_ns, 0);
        }
        *polls += 1;
        *polls <= POLLS_PER_INSTANT_MAX
    }

    /// Forgets a task that has ended.
    pub(crate) fn forget_task(&mut self, here: Here, task: u64) {
        let host = &mut self.hosts[here.host];
        if host.life == here.life {
            host.turns.forget(task);
            self.hit_classes.forget(here.host, task);
        }
    }

    /// Whether a task may be polled now. If not, the task is parked, waits for its turn, or is forgotten.
    pub(crate) fn admit(&mut self, here: Here, task: u64, at_ns: u64, waker: &Waker) -> Turn {
        if !self.is_alive(here) || self.stop.is_some() {
            return Turn::Wait;
        }
        if self.hosts[here.host].state == State::Stalled {
            self.hosts[here.host].parked.push(waker.clone());
            return Turn::Wait;
        }
        let turns = &mut self.hosts[here.host].turns;
        let turn = turns.may_run(&mut self.picker, here.host, task, waker);
        if turn != Turn::Run {
            return turn;
        }
        if !self.count_poll(here.host, at_ns) {
            self.stop = Some(Stop::Spinning { host: self.hosts[here.host].name.clone() });
            return Turn::Wait;
        }
        self.hosts[here.host].running = task;
        Turn::Run
    }
}
