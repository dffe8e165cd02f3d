//! Deadlines and polls of every tokio timer and task, read from tokio's own instrumentation.
//!
//! With tokio's feature `tracing`, each timer is a span `runtime.resource` of kind `timer`; the milliseconds until
//! its deadline come as an event at the first poll and at each reset, and the span closes when the timer is
//! dropped. Each task is a span `runtime.spawn` that is entered at every poll. That is all the idle skip has to
//! know, and it holds for timers of foreign code too.

use std::{cell::RefCell, collections::BTreeSet, fmt::Debug, time::Duration};

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

#[derive(Debug)]
enum Kind {
    Timer(Option<u64>),
    Task,
}

#[derive(Debug)]
struct Span {
    kind: Kind,
    references: u32,
}

#[derive(Debug, Default)]
struct State {
    spans: Vec<Option<Span>>,
    free: Vec<usize>,
    /// (deadline in virtual nanoseconds, span).
    deadlines: BTreeSet<(u64, usize)>,
    entered: Vec<usize>,
    polls: u64,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Forgets everything; for the beginning of a simulation.
pub(crate) fn reset() {
    STATE.set(State::default());
}

/// How many polls there have been of tasks, those of the simulator itself left out.
pub(crate) fn polls() -> u64 {
    STATE.with_borrow(|state| state.polls)
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

#[derive(Default)]
struct Fields {
    kind: Option<Kind>,
    is_block_on: bool,
    milliseconds: Option<u64>,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "duration" {
            self.milliseconds = Some(value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "kind" {
            match value {
                "timer" => self.kind = Some(Kind::Timer(None)),
                "block_on" => self.is_block_on = true,
                _ => {}
            }
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "kind" && format!("{value:?}").trim_matches('"') == "block_on" {
            self.is_block_on = true;
        }
    }
}

fn is_of_interest(metadata: &Metadata<'_>) -> bool {
    matches!(metadata.name(), "runtime.resource" | "runtime.spawn")
        || metadata.target() == "runtime::resource::state_update"
}

fn index(id: &Id) -> usize {
    usize::try_from(id.into_u64()).expect("few spans are open") - 1
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
            "runtime.spawn" if !fields.is_block_on => Some(Kind::Task),
            _ => fields.kind,
        };
        STATE.with_borrow_mut(|state| {
            // What is neither a timer nor a task gets a span all the same; it is entered and left without effect.
            let span = Span { kind: kind.unwrap_or(Kind::Timer(None)), references: 1 };
            let index = match state.free.pop() {
                Some(index) => {
                    state.spans[index] = Some(span);
                    index
                }
                None => {
                    state.spans.push(Some(span));
                    state.spans.len() - 1
                }
            };
            Id::from_u64(index as u64 + 1)
        })
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Some(milliseconds) = fields.milliseconds else { return };
        let at = clock::now_ns().saturating_add(milliseconds.saturating_mul(1_000_000));
        STATE.with_borrow_mut(|state| {
            let timer = state.entered.iter().rev().copied().find(|index| {
                matches!(state.spans[*index], Some(Span { kind: Kind::Timer(_), .. }))
            });
            let Some(timer) = timer else { return };
            let Some(Span { kind: Kind::Timer(deadline), .. }) = &mut state.spans[timer] else {
                return;
            };
            if let Some(before) = deadline.replace(at) {
                state.deadlines.remove(&(before, timer));
            }
            state.deadlines.insert((at, timer));
        });
    }

    fn enter(&self, id: &Id) {
        STATE.with_borrow_mut(|state| {
            let index = index(id);
            state.entered.push(index);
            if matches!(state.spans[index], Some(Span { kind: Kind::Task, .. })) {
                state.polls += 1;
            }
        });
    }

    fn exit(&self, id: &Id) {
        STATE.with_borrow_mut(|state| {
            let index = index(id);
            if let Some(place) = state.entered.iter().rposition(|entered| *entered == index) {
                state.entered.remove(place);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        STATE.with_borrow_mut(|state| {
            if let Some(span) = &mut state.spans[index(id)] {
                span.references += 1;
            }
        });
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        STATE.with_borrow_mut(|state| {
            let index = index(&id);
            let Some(span) = &mut state.spans[index] else { return false };
            span.references -= 1;
            if span.references > 0 {
                return false;
            }
            if let Kind::Timer(Some(at)) = span.kind {
                state.deadlines.remove(&(at, index));
            }
            state.spans[index] = None;
            state.free.push(index);
            true
        })
    }
}
