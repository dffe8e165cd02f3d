//! Deadlines of every tokio timer, and which tasks are ready, read from tokio's own instrumentation.
//!
//! With tokio's feature `tracing`, each timer is a span `runtime.resource` of kind `timer`; the milliseconds until
//! its deadline come as an event at the first poll and at each reset, and the span closes when the timer is
//! dropped. Each task is a span `runtime.spawn` that is entered at every poll, and each wake is an event that names
//! the task's span. That is all the idle skip has to know, and it holds for timers and tasks of foreign code too.

use std::{cell::RefCell, collections::BTreeSet, fmt, time::Duration};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

use super::clock;

/// How far in the past a deadline may lie and still be about to fire: announced deadlines are whole milliseconds,
/// rounded down, and a foreign task is seen to read its clock at the beginning of the step.
const ABOUT_TO_FIRE: Duration = Duration::from_millis(3);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Timer {
        deadline: Option<u64>,
    },
    Task {
        is_ready: bool,
    },
    /// Entered and left without effect.
    Other,
}

#[derive(Debug)]
struct Span {
    kind: Kind,
    references: u32,
}

/// A place for spans, one after the other.
#[derive(Debug, Default)]
struct Slot {
    /// Counts the spans that had the place, so that a late wake of a finished task reaches nobody.
    generation: u32,
    span: Option<Span>,
}

#[derive(Debug, Default)]
struct State {
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// (deadline in virtual nanoseconds, slot).
    deadlines: BTreeSet<(u64, usize)>,
    entered: Vec<usize>,
    ready: usize,
    polls: u64,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

impl State {
    fn open(&mut self, kind: Kind) -> Id {
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

    /// The span of an id, with its place, while it is open.
    fn span(&mut self, id: u64) -> Option<(usize, &mut Span)> {
        let index = usize::try_from(id & u64::from(u32::MAX)).ok()?.checked_sub(1)?;
        let slot = self.slots.get_mut(index)?;
        let is_same = u64::from(slot.generation) == id >> 32;
        slot.span.as_mut().filter(|_| is_same).map(|span| (index, span))
    }

    fn set_ready(&mut self, id: u64, now_ready: bool) {
        let Some((_, Span { kind: Kind::Task { is_ready }, .. })) = self.span(id) else { return };
        let before = std::mem::replace(is_ready, now_ready);
        self.ready = self.ready + usize::from(now_ready) - usize::from(before);
    }

    /// The innermost timer that is being polled now fires at this time.
    fn set_deadline(&mut self, at: u64) {
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

    fn close(&mut self, index: usize) {
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

/// Forgets everything; for the beginning of a simulation.
pub(crate) fn reset() {
    STATE.set(State::default());
}

/// How many polls there have been of tasks.
pub(crate) fn polls() -> u64 {
    STATE.with_borrow(|state| state.polls)
}

/// Whether a task waits to be polled.
pub(crate) fn is_a_task_ready() -> bool {
    STATE.with_borrow(|state| state.ready > 0)
}

/// The earliest deadline that is not over.
pub(crate) fn next_deadline(now: Duration) -> Option<Duration> {
    let from = u64::try_from(now.saturating_sub(ABOUT_TO_FIRE).as_nanos())
        .expect("a run lasts less than 584 years");
    STATE.with_borrow(|state| {
        state.deadlines.range((from, 0)..).next().map(|(at, _)| Duration::from_nanos(*at))
    })
}

/// The subscriber that sees them.
pub(crate) struct Eye;

/// What matters of the fields of a span or an event.
#[derive(Default)]
struct Fields {
    is_timer: bool,
    is_block_on: bool,
    milliseconds: Option<u64>,
    woken: Option<u64>,
    is_wake: bool,
}

/// Compares what is shown with a text, without writing it down.
struct Is<'a>(&'a str);

impl fmt::Write for Is<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
        Ok(())
    }
}

fn shows(value: &dyn fmt::Debug, text: &str) -> bool {
    let mut rest = Is(text);
    fmt::write(&mut rest, format_args!("{value:?}")).is_ok() && rest.0.is_empty()
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "duration" => self.milliseconds = Some(value),
            "task.id" => self.woken = Some(value),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "kind" => self.is_timer = value == "timer",
            "op" => self.is_wake = matches!(value, "waker.wake" | "waker.wake_by_ref"),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "kind" {
            self.is_block_on = shows(value, "block_on");
        }
    }
}

const TASK: &str = "runtime.spawn";
const RESOURCE: &str = "runtime.resource";
const WAKES: &str = "tokio::task::waker";

fn is_of_interest(metadata: &Metadata<'_>) -> bool {
    matches!(metadata.name(), RESOURCE | TASK)
        || matches!(metadata.target(), "runtime::resource::state_update" | WAKES)
}

impl Subscriber for Eye {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_of_interest(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_of_interest(metadata)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let kind = match attributes.metadata().name() {
            // The call that drives a runtime is no task of its own.
            TASK if fields.is_block_on => Kind::Other,
            TASK => Kind::Task { is_ready: true },
            _ if fields.is_timer => Kind::Timer { deadline: None },
            _ => Kind::Other,
        };
        STATE.with_borrow_mut(|state| state.open(kind))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let (true, Some(task)) = (fields.is_wake, fields.woken) {
            STATE.with_borrow_mut(|state| state.set_ready(task, true));
        } else if let Some(milliseconds) = fields.milliseconds {
            let at = clock::now_ns().saturating_add(milliseconds.saturating_mul(1_000_000));
            STATE.with_borrow_mut(|state| state.set_deadline(at));
        }
    }

    fn enter(&self, id: &Id) {
        STATE.with_borrow_mut(|state| {
            let Some((index, span)) = state.span(id.into_u64()) else { return };
            let is_task = matches!(span.kind, Kind::Task { .. });
            state.entered.push(index);
            if is_task {
                state.polls += 1;
                state.set_ready(id.into_u64(), false);
            }
        });
    }

    fn exit(&self, id: &Id) {
        STATE.with_borrow_mut(|state| {
            let Some((index, _)) = state.span(id.into_u64()) else { return };
            if let Some(place) = state.entered.iter().rposition(|entered| *entered == index) {
                state.entered.remove(place);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        STATE.with_borrow_mut(|state| {
            if let Some((_, span)) = state.span(id.into_u64()) {
                span.references += 1;
            }
        });
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        STATE.with_borrow_mut(|state| {
            let Some((index, span)) = state.span(id.into_u64()) else { return false };
            span.references -= 1;
            let is_last = span.references == 0;
            if is_last {
                state.close(index);
            }
            is_last
        })
    }
}
