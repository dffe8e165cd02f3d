//! The state that `eye` keeps: the deadlines of all tokio timers, and which tasks are ready.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use tracing::span::Id;

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
    pub(super) ready: usize,
    pub(super) polls: u64,
}

/// The timers and tasks of one simulation.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    pub(super) state: RefCell<State>,
    /// Whether turmoil executes a step.
    pub(super) stepping: Cell<bool>,
}

impl State {
    pub(super) fn open(&mut self, kind: Kind) -> Id {
        if let Kind::Task { is_ready: true } = kind {
            self.ready += 1;
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let slot = &mut self.slots[index];
        slot.generation += 1;
        slot.span = Some(Span { kind, references: 1 });
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
        let Some((_, Span { kind: Kind::Task { is_ready }, .. })) = self.span(id) else { return };
        let before = std::mem::replace(is_ready, now_ready);
        self.ready = self.ready + usize::from(now_ready) - usize::from(before);
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
        match self.slots[index].span.take().map(|span| span.kind) {
            Some(Kind::Timer { deadline: Some(at) }) => {
                self.deadlines.remove(&(at, index));
            }
            Some(Kind::Task { is_ready: true }) => self.ready -= 1,
            _ => {}
        }
        self.free.push(index);
    }
}
