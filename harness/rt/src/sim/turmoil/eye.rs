//! Observes every timer and task of tokio through tokio's `tracing` instrumentation.
//!
//! With tokio's feature `tracing`, each timer is a span `runtime.resource` of kind `timer`. The milliseconds until its
//! deadline are in an event at the first poll and at each reset, and the span closes when the timer is dropped. Each
//! task is a span `runtime.spawn` that is entered at every poll, and each wake is an event with the id of the task's
//! span. The idle skip needs no more, and this covers timers and tasks of foreign code too.

use std::{collections::BTreeSet, fmt, time::Duration};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::Interest,
};

use super::{
    clock,
    timers::{Kind, Owner, State, Timers},
};
use crate::sim::{host::Here, simulation};

/// How far in the past a deadline may be and still be about to fire. Announced deadlines are whole milliseconds,
/// rounded down, and a foreign task appears to read its clock at the beginning of the step.
const ABOUT_TO_FIRE: Duration = Duration::from_millis(3);

/// Runs `f` on the timers of the current simulation; `None` outside a simulation.
fn with<R>(f: impl FnOnce(&Timers) -> R) -> Option<R> {
    simulation::try_with(|simulation| f(&simulation.simulator))
}

fn with_state<R>(f: impl FnOnce(&mut State) -> R) -> Option<R> {
    with(|timers| f(&mut timers.state.borrow_mut()))
}

/// Drives a runtime.
pub(super) fn drive<T>(owner: Owner, drive: impl FnOnce() -> T) -> T {
    let set = |driven, stepping| {
        with(|timers| {
            timers.stepping.set(stepping);
            timers.state.borrow_mut().driven = driven;
        });
    };
    set(Some(owner), true);
    let output = drive();
    set(None, false);
    output
}

/// Does something to a runtime that is no step: creates tasks on it, or takes it down.
pub(super) fn within<T>(owner: Owner, work: impl FnOnce() -> T) -> T {
    with_state(|state| state.driven = Some(owner));
    let output = work();
    with_state(|state| state.driven = None);
    output
}

fn is_stepping() -> bool {
    with(|timers| timers.stepping.get()).unwrap_or(false)
}

/// The number of polls of tasks.
pub(crate) fn polls() -> u64 {
    with_state(|state| state.polls).unwrap_or_default()
}

/// A host begins a life.
pub(super) fn begin(here: Here) {
    with_state(|state| state.begin(here));
}

/// A host is down.
pub(super) fn end(host: usize) {
    with_state(|state| state.end(host));
}

/// Whether a task of a host waits to be polled.
pub(super) fn is_a_host_ready() -> bool {
    with_state(|state| state.is_a_host_ready()).unwrap_or(false)
}

/// Whether a task of a network card waits to be polled.
pub(super) fn is_the_network_ready() -> bool {
    with_state(|state| state.is_the_network_ready()).unwrap_or(false)
}

/// The hosts that have something to do until an instant.
pub(super) fn due(now: Duration, until: Duration) -> BTreeSet<usize> {
    let from = nanos(now.saturating_sub(ABOUT_TO_FIRE));
    with_state(|state| state.due(from, nanos(until) + 1)).unwrap_or_default()
}

fn nanos(at: Duration) -> u64 {
    u64::try_from(at.as_nanos()).expect("a run lasts less than 584 years")
}

/// The earliest deadline that is not over.
pub(crate) fn next_deadline(now: Duration) -> Option<Duration> {
    let from = nanos(now.saturating_sub(ABOUT_TO_FIRE));
    let first = with_state(|state| state.deadlines.range((from, 0)..).next().map(|(at, _)| *at));
    first.flatten().map(Duration::from_nanos)
}

/// The `tracing` subscriber that observes timers and tasks.
pub(crate) struct Eye;

/// Whether a task's span belongs to the call that drives a runtime, which is not a task of its own.
#[derive(Default)]
struct Kinds {
    is_known: bool,
    is_block_on: bool,
}

fn is_block_on(attributes: &Attributes<'_>) -> bool {
    let mut kinds = Kinds::default();
    attributes.record(&mut kinds);
    assert!(!is_driving() || kinds.is_block_on, "a task begins where none is polled");
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

/// The relevant fields of an event.
#[derive(Default)]
struct Fields {
    milliseconds: Option<u64>,
    woken: Option<u64>,
    is_wake: bool,
}

/// Compares a displayed value with a text, without allocating.
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
/// The module of the resources with deadlines; an interval has its own `Sleep`.
const SLEEPS: &str = "tokio::time::sleep";
const UPDATES: &str = "runtime::resource::state_update";
const WAKES: &str = "tokio::task::waker";

fn is_of_interest(metadata: &Metadata<'_>) -> bool {
    match (metadata.name(), metadata.target()) {
        (TASK, _) | (RESOURCE, SLEEPS) | (_, WAKES) => true,
        (_, UPDATES) => metadata.fields().field("duration").is_some(),
        _ => false,
    }
}

/// Whether turmoil is driving a host, and no task of it is polled. The span of the call that drives and the timer with
/// which turmoil ends the host's step are not the host's.
fn is_driving() -> bool {
    is_stepping() && !clock::is_a_task_polled()
}

impl Subscriber for Eye {
    /// Callsites without interest cost tokio almost nothing, because it asks once for each callsite.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match (metadata.name(), metadata.target()) {
            (TASK, _) | (RESOURCE, _) | (_, UPDATES) if is_of_interest(metadata) => {
                Interest::sometimes()
            }
            _ if is_of_interest(metadata) => Interest::always(),
            _ => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // A build with assertions looks at each task, to assert that none begins where only turmoil drives.
        let is_asserted = cfg!(debug_assertions) && metadata.name() == TASK;
        is_of_interest(metadata) && (metadata.target() == WAKES || is_asserted || !is_driving())
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let kind = if attributes.metadata().name() != TASK {
            Kind::Timer { deadline: None }
        } else if is_block_on(attributes) {
            Kind::Other
        } else {
            Kind::Task { is_ready: true }
        };
        with_state(|state| state.open(kind)).unwrap_or_else(|| Id::from_u64(u64::MAX))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let (true, Some(task)) = (fields.is_wake, fields.woken) {
            with_state(|state| state.set_ready(task, true));
        } else if let Some(milliseconds) = fields.milliseconds {
            let at = clock::now_ns().saturating_add(milliseconds.saturating_mul(1_000_000));
            with_state(|state| state.set_deadline(at));
        }
    }

    fn enter(&self, id: &Id) {
        with_state(|state| {
            let Some((index, span)) = state.span(id.into_u64()) else { return };
            if let Kind::Task { is_ready } = &mut span.kind {
                let (owner, before) = (span.owner, std::mem::replace(is_ready, false));
                state.count(owner, before, false);
                state.polls += u64::from(owner != Owner::Network);
                clock::enter_task();
            }
            state.entered.push(index);
        });
    }

    fn exit(&self, id: &Id) {
        with_state(|state| {
            let Some((index, span)) = state.span(id.into_u64()) else { return };
            if let Kind::Task { .. } = span.kind {
                clock::leave_task();
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
        with_state(|state| {
            if let Some((_, span)) = state.span(id.into_u64()) {
                span.references += 1;
            }
        });
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let is_last = with_state(|state| {
            let Some((index, span)) = state.span(id.into_u64()) else { return false };
            span.references -= 1;
            let is_last = span.references == 0;
            if is_last {
                state.close(index);
            }
            is_last
        });
        is_last.unwrap_or(false)
    }
}
