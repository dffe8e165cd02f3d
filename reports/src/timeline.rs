//! Renders one run as a timeline: a lane per host, with time running down.
//!
//! A run has thousands of events, but a violation is about one row, one message or one lease. A timeline is made in
//! three steps, each a pure function. *Choose* selects the events that share a subject with the witness, the steps that
//! led to them, and the faults that struck. *Build* turns them into rows; idle time becomes a row that says how long it
//! lasted. *Draw* renders the rows as SVG. Between the last two steps is [`Timeline`], plain data in units of rows,
//! from which the list in words is made, too.
//!
//! Because of the rows, a run of 31 hours is as readable as one of 31 milliseconds. The price is that distance is not
//! duration; the instants beside the rows make up for it.
//!
//! The module must not judge what is right or wrong: the verdict, the witness and the faults come from the record.

mod build;
mod choose;
mod describe;
mod frame;
mod lettering;
mod peers;
pub(crate) mod spans;
mod subject;
mod svg;

use chaosdrill_core::{Record, TraceEvent};
use maud::Markup;

pub(crate) use describe::{change_in_words, event_in_words};

/// The timeline of one run, in units of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The subject of the timeline, such as `outbox deposit-3/0001`.
    pub subject: Option<String>,
    /// The hosts, from left to right.
    pub lanes: Vec<String>,
    /// The rows, from top to bottom.
    pub rows: Vec<Row>,
    /// Steps and transactions, from the request to the answer.
    pub bars: Vec<Bar>,
    /// States of hosts that last: stalls, outages, leases, active faults.
    pub spans: Vec<Span>,
    /// Messages.
    pub arrows: Vec<Arrow>,
    /// The states of the subject, if it is a watched row.
    pub states: Vec<State>,
    /// The number of events that are not in the timeline.
    pub left_out: u64,
}

/// One row of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The virtual time.
    pub at_ns: u64,
    /// The number of the event; `None` for a row that is no event, such as a gap.
    pub event: Option<u64>,
    /// The kind of the row.
    pub kind: RowKind,
    /// The index of the lane; `None` if the row goes across all lanes.
    pub lane: Option<usize>,
    /// A short text.
    pub label: String,
    /// The full text.
    pub detail: String,
    /// Whether the event is part of the witness.
    pub witness: bool,
}

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A step that touched the outside.
    Step,
    /// A step that was answered with an error.
    Trouble,
    /// An observation of a host or of the workload.
    Said,
    /// A watched row that changed.
    Write,
    /// A fault that struck.
    Fault,
    /// A host came up, stopped, stalled or resumed; a fault or a lease ended.
    Turn,
    /// A phase of the run.
    Phase,
    /// Time without events of the timeline.
    Gap,
    /// The moment at which the check was violated.
    Violation,
}

/// A step, or a transaction around steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// The index of the lane.
    pub lane: usize,
    /// The start, in rows.
    pub from: f32,
    /// The end, in rows.
    pub to: f32,
    /// The site of the step.
    pub site: String,
    /// Whether it is a whole transaction.
    pub transaction: bool,
    /// Whether it was answered with an error.
    pub failed: bool,
}

/// A state of a host that lasts, drawn along its lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The index of the lane.
    pub lane: usize,
    /// The start, in rows.
    pub from: f32,
    /// The end, in rows.
    pub to: f32,
    /// The kind of the span.
    pub kind: SpanKind,
    /// The description.
    pub label: String,
}

/// The kind of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// The host was stalled.
    Stalled,
    /// The host was down.
    Down,
    /// The host's software had ended.
    Ended,
    /// The host held a lease on the row.
    Lease,
    /// A fault of the host's network, clock or database was active.
    Band,
}

/// A message from one host to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// The row in which it was sent.
    pub from: usize,
    /// The row in which the receiver acted on it; `None` if no host was seen to act.
    pub to: Option<usize>,
    /// The site at which it was sent.
    pub site: String,
}

/// One state of a watched row.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The start, in rows.
    pub from: f32,
    /// The end, in rows.
    pub to: f32,
    /// The description.
    pub label: String,
    /// Whether the change that began the state is part of the witness.
    pub witness: bool,
}

impl Timeline {
    /// The timeline of a run; `None` if the run has no events.
    pub fn of(record: &Record, events: &[TraceEvent]) -> Option<Self> {
        let mut events: Vec<&TraceEvent> = events.iter().collect();
        // A trace is in order, unless it was assembled from a damaged file.
        events.sort_by_key(|event| event.seq);
        let chosen = choose::choose(record, &events);
        build::build(record, &events, &chosen)
    }

    /// Renders an SVG element for a page. `id` is the prefix of all ids in it.
    pub fn svg(&self, id: &str) -> String {
        self.draw(id).into_string()
    }

    pub(crate) fn draw(&self, id: &str) -> Markup {
        svg::draw(self, id)
    }

    /// Renders the same picture in parts for printing, to be placed beside the picture; `None` if it is short.
    pub(crate) fn draw_parts(&self, id: &str) -> Option<Markup> {
        svg::parts(self, id)
    }

    /// Whether the event has a row.
    pub fn shows(&self, event: u64) -> bool {
        self.rows.iter().any(|row| row.event == Some(event))
    }
}
