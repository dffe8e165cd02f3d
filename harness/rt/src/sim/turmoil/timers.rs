//! The state that `eye` keeps: the deadlines of all tokio timers, and which tasks are ready, by runtime.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use tracing::span::Id;

use super::card::Cards;
use crate::sim::host::Here;

/// A runtime: that of a host in one of its lives, or all those of turmoil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Host(Here),
    Network,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Timer {
        deadline: Option<u64>,
    },
    Task {
        is_ready: bool,
    },
    /// A span that is ignored when it is entered or left.
    Other,
}

#[derive(Debug)]
pub(super) struct Span {
    pub(super) kind: Kind,
    pub(super) owner: Owner,
    pub(super) references: u32,
}

/// A slot for spans, which is reused.
#[derive(Debug, Default)]
struct Slot {
    /// Counts the spans of the slot, so that a late wake of a finished task has no effect.
    generation: u32,
    span: Option<Span>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// (deadline in virtual nanoseconds, slot).
    pub(super) deadlines: BTreeSet<(u64, usize)>,
    pub(super) entered: Vec<usize>,
    /// The number of ready tasks of each host, with the life that it is in. What is woken after its host is down does
    /// not count.
    ready: Vec<(u32, usize)>,
    ready_in_network: usize,
    /// The runtime that is driven.
    pub(super) driven: Option<Owner>,
    pub(super) polls: u64,
}

/// The timers and tasks of one simulation.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    pub(super) cards: RefCell<Cards>,
    pub(super) state: RefCell<State>,
    /// Whether a runtime is driven.
    pub(super) stepping: Cell<bool>,
}

impl State {
    pub(super) fn open(&mut self, kind: Kind) -> Id {
        let owner = self.driven.unwrap_or(Owner::Network);
        if let Kind::Task { is_ready: true } = kind {
            self.count(owner, false, true);
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let slot = &mut self.slots[index];
        slot.generation += 1;
        slot.span = Some(Span { kind, owner, references: 1 });
        Id::from_u64(u64::from(slot.generation) << 32 | (index as u64 + 1))
    }

    /// The open span with this id, and its slot; `None` if it was closed.
    pub(super) fn span(&mut self, id: u64) -> Option<(usize, &mut Span)> {
        let index = usize::try_from(id & u64::from(u32::MAX)).ok()?.checked_sub(1)?;
        let slot = self.slots.get_mut(index)?;
        let is_same = u64::from(slot.generation) == id >> 32;
        slot.span.as_mut().filter(|_| is_same).map(|span| (index, span))
    }

    pub(super) fn set_ready(&mut self, id: u64, now_ready: bool) {
        let Some((_, Span { kind: Kind::Task { is_ready }, owner, .. })) = self.span(id) else {
            return;
        };
        let (owner, before) = (*owner, std::mem::replace(is_ready, now_ready));
        self.count(owner, before, now_ready);
    }

    /// Counts a task that became ready, or no longer is.
    pub(super) fn count(&mut self, owner: Owner, before: bool, now: bool) {
        let ready = match owner {
            Owner::Network => &mut self.ready_in_network,
            Owner::Host(Here { host, life }) => match self.ready.get_mut(host) {
                Some((current, ready)) if *current == life => ready,
                _ => return,
            },
        };
        *ready = *ready + usize::from(now) - usize::from(before);
    }

    /// A host begins a life.
    pub(super) fn begin(&mut self, here: Here) {
        if self.ready.len() <= here.host {
            self.ready.resize(here.host + 1, (0, 0));
        }
        self.ready[here.host] = (here.life, 0);
    }

    /// A host is down.
    pub(super) fn end(&mut self, host: usize) {
        self.ready[host] = (u32::MAX, 0);
    }

    pub(super) fn is_the_network_ready(&self) -> bool {
        self.ready_in_network > 0
    }

    /// The hosts with a ready task, or with a timer that is due between two instants.
    pub(super) fn due(&mut self, from: u64, to: u64) -> BTreeSet<usize> {
        let is_ready = |(_, (_, ready)): &(usize, &(u32, usize))| *ready > 0;
        let mut due: BTreeSet<usize> =
            self.ready.iter().enumerate().filter(is_ready).map(|(host, _)| host).collect();
        for (_, index) in self.deadlines.range((from, 0)..(to, 0)) {
            if let Some(Span { owner: Owner::Host(here), .. }) = &self.slots[*index].span
                && self.ready[here.host].0 == here.life
            {
                due.insert(here.host);
            }
        }
        due
    }

    pub(super) fn is_a_host_ready(&self) -> bool {
        self.ready.iter().any(|(_, ready)| *ready > 0)
    }

    /// Sets the deadline of the innermost timer that is being polled.
    pub(super) fn set_deadline(&mut self, at: u64) {
        for index in self.entered.iter().rev() {
            let Some(Span { kind: Kind::Timer { deadline }, .. }) = &mut self.slots[*index].span
            else {
                continue;
            };
            if let Some(before) = deadline.replace(at) {
                self.deadlines.remove(&(before, *index));
            }
            self.deadlines.insert((at, *index));
            return;
        }
    }

    pub(super) fn close(&mut self, index: usize) {
        match self.slots[index].span.take().map(|span| (span.kind, span.owner)) {
            Some((Kind::Timer { deadline: Some(at) }, _)) => {
                self.deadlines.remove(&(at, index));
            }
            Some((Kind::Task { is_ready: true }, owner)) => self.count(owner, true, false),
            _ => {}
        }
        self.free.push(index);
    }
}
