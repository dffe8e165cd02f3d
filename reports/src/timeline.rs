//! The story of one run as a picture: a lane for each host, time running down.
//!
//! A run has thousands of events, and a violation is about one row, one message, one lease. So a picture is made
//! in three steps, each a pure function: *choose* the events that are about the same thing as the witness, with
//! the steps that led to them and the faults that struck; *lay out* these events in rows, where time in which
//! nothing of it happened is a row too, and says how long it was; *draw* the rows as SVG. Between the last two
//! stands [`Timeline`], plain data in units of rows, which the list in words is made of as well.
//!
//! Rows instead of a ruler of time keep a story of 31 hours as readable as one of 31 milliseconds. What that
//! costs, that distance is not duration, is said in the picture by the instants beside the rows.
//!
//! The module must not decide what is right or wrong: the verdict, the witness and the faults are the record's.

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

/// A picture of one run, in units of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// What the picture is about, such as `outbox deposit-3/0001`.
    pub subject: Option<String>,
    /// The hosts, from left to right.
    pub lanes: Vec<String>,
    /// The rows, from top to bottom.
    pub rows: Vec<Row>,
    /// Steps and transactions, from their beginning to their answer.
    pub bars: Vec<Bar>,
    /// What a host was in or under for a while.
    pub spans: Vec<Span>,
    /// Messages.
    pub arrows: Vec<Arrow>,
    /// The states of the row that the picture is about.
    pub states: Vec<State>,
    /// Events that are not in the picture.
    pub left_out: u64,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When.
    pub at_ns: u64,
    /// The event's number.
    pub event: Option<u64>,
    /// What kind of thing.
    pub kind: RowKind,
    /// On which lane; across all of them where it is nothing.
    pub lane: Option<usize>,
    /// A few words.
    pub label: String,
    /// All of it.
    pub detail: String,
    /// Whether the verdict rests on it.
    pub witness: bool,
}

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A step that touched the outside.
    Step,
    /// A step that was answered with an error.
    Trouble,
    /// Something a host or the workload said.
    Said,
    /// A watched row that changed.
    Write,
    /// A fault that struck.
    Fault,
    /// A host came up, stopped, stalled, went on; a fault or a lease ended.
    Turn,
    /// A phase of the run.
    Phase,
    /// Time in which nothing of this happened.
    Gap,
    /// The moment at which the check was violated.
    Violation,
}

/// A step, or a transaction around steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its lane.
    pub lane: usize,
    /// Where it begins, in rows.
    pub from: f32,
    /// Where it ends, in rows.
    pub to: f32,
    /// The site.
    pub site: String,
    /// Whether it is a whole transaction.
    pub transaction: bool,
    /// Whether it was answered with an error.
    pub failed: bool,
}

/// Something that lasted on one lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its lane.
    pub lane: usize,
    /// Where it begins, in rows.
    pub from: f32,
    /// Where it ends, in rows.
    pub to: f32,
    /// What.
    pub kind: SpanKind,
    /// In words.
    pub label: String,
}

/// What lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// The host stood still.
    Stalled,
    /// The host was down.
    Down,
    /// The host's software had come to its end.
    Ended,
    /// The host held a lease on the row.
    Lease,
    /// A fault of its network, its clock or its database was in force.
    Band,
}

/// A message from host to host.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// The row in which it was sent.
    pub from: usize,
    /// The row in which its receiver acted on it; nothing where nobody was seen to.
    pub to: Option<usize>,
    /// The site.
    pub site: String,
}

/// One state of the watched row.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Where it begins, in rows.
    pub from: f32,
    /// Where it ends, in rows.
    pub to: f32,
    /// In words.
    pub label: String,
    /// Whether the verdict rests on the change that began it.
    pub witness: bool,
}

impl Timeline {
    /// The picture of a run; nothing where there are no events to show.
    pub fn of(record: &Record, events: &[TraceEvent]) -> Option<Self> {
        let mut events: Vec<&TraceEvent> = events.iter().collect();
        // A trace is in order; one that was put together from what could be read of it may not be.
        events.sort_by_key(|event| event.seq);
        let chosen = choose::choose(record, &events);
        build::build(record, &events, &chosen)
    }

    /// The picture as an SVG element, to stand in a page. `id` goes before the ids of its parts.
    pub fn svg(&self, id: &str) -> String {
        self.draw(id).into_string()
    }

    pub(crate) fn draw(&self, id: &str) -> Markup {
        svg::draw(self, id)
    }

    /// The same cut up for sheets of paper, to stand beside the picture; nothing where one sheet holds it.
    pub(crate) fn draw_parts(&self, id: &str) -> Vec<Markup> {
        svg::parts(self, id)
    }

    /// Whether an event has a row.
    pub fn shows(&self, event: u64) -> bool {
        self.rows.iter().any(|row| row.event == Some(event))
    }
}
