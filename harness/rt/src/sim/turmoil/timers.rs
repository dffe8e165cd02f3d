//! Deadlines of every tokio timer, and which tasks are ready, read from tokio's own instrumentation.
//!
//! With tokio's feature `tracing`, each timer is a span `runtime.resource` of kind `timer`; the milliseconds until
//! its deadline come as an event at the first poll and at each reset, and the span closes when the timer is
//! dropped. Each task is a span `runtime.spawn` that is entered at every poll, and each wake is an event that names
//! the task's span. That is all the idle skip has to know, and it holds for timers and tasks of foreign code too.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    fmt,
    mem::ManuallyDrop,
    time::Duration,
};

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

#[derive(Debug)]
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
    /// Without a destructor, which every access would have to ask for; [`reset`] empties it.
    static STATE: RefCell<ManuallyDrop<State>> =
        const { RefCell::new(ManuallyDrop::new(State::new())) };
    /// How many tasks are being polled, one within the other. Apart, because the clock asks at any moment.
    static POLLED: Cell<u32> = const { Cell::new(0) };
    /// Whether turmoil takes a step.
    static STEPPING: Cell<bool> = const { Cell::new(false) };
}

impl State {
    const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            deadlines: BTreeSet::new(),
            entered: Vec::new(),
            ready: 0,
            polls: 0,
        }
    }

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

/// Forgets everything; for the beginning of a simulation, and its end.
pub(crate) fn reset() {
    STATE.with_borrow_mut(|state| **state = State::new());
    POLLED.set(0);
    STEPPING.set(false);
}

/// Lets turmoil take a step.
pub(crate) fn step<T>(step: impl FnOnce() -> T) -> T {
    STEPPING.set(true);
    let output = step();
    STEPPING.set(false);
    output
}

/// Whether a task is being polled right now.
pub(crate) fn is_a_task_polled() -> bool {
    POLLED.get() > 0
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

/// Whether a task's span is that of the call that drives a runtime, which is no task of its own.
#[derive(Default)]
struct Kinds {
    is_known: bool,
    is_block_on: bool,
}

/// Within a step, where nothing is entered, nobody is there to spawn a task: it is turmoil that drives a runtime,
/// as in every step, and what is said of that need not be read.
fn is_block_on(attributes: &Attributes<'_>) -> bool {
    let is_driven = STEPPING.get() && STATE.with_borrow(|state| state.entered.is_empty());
    if is_driven && !cfg!(debug_assertions) {
        return true;
    }
    let mut kinds = Kinds::default();
    attributes.record(&mut kinds);
    assert!(!is_driven || kinds.is_block_on, "turmoil drives a runtime where none is entered");
    kinds.is_block_on
}

impl Visit for Kinds {
    fn record_u64(&mut self, _: &Field, _: u64) {}

    fn record_str(&mut self, _: &Field, _: &str) {}

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !self.is_known && field.name() == "kind" {
            (self.is_known, self.is_block_on) = (true, shows(value, "block_on"));
        }
    }
}

/// What matters of the fields of an event.
#[derive(Default)]
struct Fields {
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
        if field.name() == "op" {
            self.is_wake = matches!(value, "waker.wake" | "waker.wake_by_ref");
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

const TASK: &str = "runtime.spawn";
const RESOURCE: &str = "runtime.resource";
/// Where the resources are that have deadlines; an interval has its own `Sleep`.
const SLEEPS: &str = "tokio::time::sleep";
const UPDATES: &str = "runtime::resource::state_update";
const WAKES: &str = "tokio::task::waker";

/// What is of no interest costs tokio next to nothing: it asks once for each place in its code.
fn is_of_interest(metadata: &Metadata<'_>) -> bool {
    match (metadata.name(), metadata.target()) {
        (TASK, _) | (RESOURCE, SLEEPS) | (_, WAKES) => true,
        (_, UPDATES) => metadata.fields().field("duration").is_some(),
        _ => false,
    }
}

impl Subscriber for Eye {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_of_interest(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_of_interest(metadata)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let kind = if attributes.metadata().name() != TASK {
            Kind::Timer { deadline: None }
        } else if is_block_on(attributes) {
            Kind::Other
        } else {
            Kind::Task { is_ready: true }
        };
        STATE.with_borrow_mut(|state| state.open(kind))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        // The timer by which turmoil ends a host's step is gone when the step is.
        let is_of_the_step = STEPPING.get() && !is_a_task_polled();
        if is_of_the_step && event.metadata().target() == UPDATES {
            return;
        }
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
            if let Kind::Task { is_ready } = &mut span.kind {
                let before = std::mem::replace(is_ready, false);
                state.ready -= usize::from(before);
                state.polls += 1;
                POLLED.set(POLLED.get() + 1);
            }
            state.entered.push(index);
        });
    }

    fn exit(&self, id: &Id) {
        STATE.with_borrow_mut(|state| {
            let Some((index, span)) = state.span(id.into_u64()) else { return };
            if let Kind::Task { .. } = span.kind {
                POLLED.set(POLLED.get().saturating_sub(1));
            }
            if state.entered.last() == Some(&index) {
                state.entered.pop();
            } else if let Some(place) = state.entered.iter().rposition(|entered| *entered == index)
            {
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
