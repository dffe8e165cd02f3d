//! The history of a run: what the workload and the hosts did, and all that a check may see.
//!
//! A history is the part of a trace that concerns the outside: operations (invoke, then ok, fail or info, in Jepsen's
//! words), observations by hosts, watched rows that the harness itself read, and what was done to the hosts.
//!
//! It is a view: it borrows the events of the trace, and an index finds events by kind and name, by host, and the end
//! of each operation. The history up to an instant is the same view with an earlier end.
//!
//! ```
//! use std::time::Duration;
//!
//! use chaosdrill_core::{EventKind, History, Trace};
//! use serde_json::json;
//!
//! let mut trace = Trace::default();
//! let mut push = |second, kind, name, data| {
//!     trace.push(Duration::from_secs(second), "client", kind, name, data);
//! };
//! push(1, EventKind::Invoke, "commit", json!({ "op": "client/0", "input": 7 }));
//! push(2, EventKind::Boundary, "sql:commit", json!({ "hit": 1 }));
//! push(3, EventKind::Ok, "commit", json!({ "op": "client/0", "output": null }));
//!
//! let history = History::of(trace.events());
//! assert_eq!(history.events().len(), 2, "a boundary is not for checks");
//! assert!(history.operations("commit").all(|operation| operation.is_ok()));
//! let earlier = history.until(Duration::from_secs(2));
//! assert!(earlier.operations("commit").all(|operation| operation.end.is_none()));
//! ```

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use serde_json::Value;

use crate::trace::{EventKind, TraceEvent, vocabulary::Phase};

mod events;
mod index;

pub use events::{Events, EventsIter};
pub use index::HistoryIndex;

/// The phase that begins when faults stop.
pub const HEAL: &str = Phase::HEAL;

/// One event of a history.
pub type Event = TraceEvent;

/// The history of one run, in order.
#[derive(Clone, Default)]
pub struct History<'t> {
    trace: Cow<'t, [TraceEvent]>,
    index: Cow<'t, HistoryIndex>,
    /// The position in the trace at which this history ends.
    end: usize,
}

/// An operation of the workload, from its invocation to its end.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The invocation.
    pub invoke: &'a Event,
    /// The end; `None` if the operation never ended.
    pub end: Option<&'a Event>,
}

impl<'a> Entry<'a> {
    /// Whether the operation is known to have happened.
    pub fn is_ok(&self) -> bool {
        self.end.is_some_and(|end| end.kind == EventKind::Ok)
    }

    /// Whether the operation is known not to have happened.
    pub fn is_fail(&self) -> bool {
        self.end.is_some_and(|end| end.kind == EventKind::Fail)
    }

    /// The input of the invocation.
    pub fn input(&self) -> &'a Value {
        self.invoke.input()
    }

    /// The output; null if the operation never ended.
    pub fn output(&self) -> &'a Value {
        self.end.map_or(&Value::Null, Event::output)
    }
}

/// One change of one watched row.
#[derive(Clone, Debug)]
pub struct RowChange<'a> {
    /// The event that reported the change.
    pub event: &'a Event,
    /// The row's key: its first column.
    pub key: &'a Value,
    /// The row before the change; `None` if it is new.
    pub before: Option<&'a Value>,
    /// The row after the change; `None` if it was deleted.
    pub after: Option<&'a Value>,
}

impl<'t> History<'t> {
    /// The history within a trace.
    pub fn of(trace: &'t [TraceEvent]) -> Self {
        Self::of_events(Cow::Borrowed(trace))
    }

    /// The history within these events, which are sorted by number and time.
    pub fn from_events(events: Vec<Event>) -> History<'static> {
        History::of_events(Cow::Owned(events))
    }

    fn of_events(trace: Cow<'t, [TraceEvent]>) -> Self {
        let mut index = HistoryIndex::default();
        index.follow(&trace);
        Self { end: trace.len(), trace, index: Cow::Owned(index) }
    }

    fn indexed(trace: &'t [TraceEvent], index: &'t HistoryIndex) -> Self {
        Self { trace: Cow::Borrowed(trace), index: Cow::Borrowed(index), end: trace.len() }
    }

    /// All events, in order.
    pub fn events(&self) -> Events<'_> {
        self.up_to_end(self.index.all())
    }

    /// The history up to and including an instant.
    pub fn until(&self, at: Duration) -> History<'_> {
        let all = self.index.all();
        let later = all.partition_point(|position| self.trace[*position].at() <= at);
        let end = all.get(later).map_or(self.end, |position| self.end.min(*position));
        History { trace: Cow::Borrowed(&self.trace), index: Cow::Borrowed(&self.index), end }
    }

    /// When the faults healed; `None` if they have not.
    pub fn healed_at(&self) -> Option<Duration> {
        self.of_kind(EventKind::Phase, HEAL).next().map(Event::at)
    }

    /// The events of one kind and name.
    pub fn of_kind<'a>(
        &'a self,
        kind: EventKind,
        name: &str,
    ) -> impl Iterator<Item = &'a Event> + use<'a, 't> {
        self.up_to_end(self.index.of_kind(kind, name)).iter()
    }

    /// The events of one host.
    pub fn on_host(&self, host: &str) -> Events<'_> {
        self.up_to_end(self.index.on_host(host))
    }

    /// The observations of hosts under one name.
    pub fn observed<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Event> + use<'a, 't> {
        self.of_kind(EventKind::Observe, name)
    }

    /// The operations of one name, each with its end. The data of both has the operation's number.
    pub fn operations<'a>(&'a self, name: &str) -> impl Iterator<Item = Entry<'a>> + use<'a, 't> {
        let invoked = self.index.of_kind(EventKind::Invoke, name).iter();
        invoked.take_while(|position| **position < self.end).map(|position| {
            let end = self.index.end_of(*position).filter(|end| *end < self.end);
            Entry { invoke: &self.trace[*position], end: end.map(|end| &self.trace[end]) }
        })
    }

    /// The changes of the rows of one watch, in order.
    pub fn rows(&self, watch: &str) -> Vec<RowChange<'_>> {
        let mut known: BTreeMap<String, &Value> = BTreeMap::new();
        let mut changes = Vec::new();
        for event in self.of_kind(EventKind::Watch, watch) {
            let (key, row) = (event.key(), event.row());
            let after = (!row.is_null()).then_some(row);
            let name = key.to_string();
            let before = match after {
                Some(row) => known.insert(name, row),
                None => known.remove(&name),
            };
            changes.push(RowChange { event, key, before, after });
        }
        changes
    }

    /// The rows of one watch at the end of the history.
    pub fn last_rows(&self, watch: &str) -> Vec<&Value> {
        let mut known: BTreeMap<String, &Value> = BTreeMap::new();
        for event in self.of_kind(EventKind::Watch, watch) {
            let (key, row) = (event.key().to_string(), event.row());
            if row.is_null() {
                known.remove(&key)
            } else {
                known.insert(key, row)
            };
        }
        known.into_values().collect()
    }

    /// The names that differ from run to run: of the hosts, and the keys of the watched rows.
    pub fn names(&self) -> BTreeSet<String> {
        let keys = self.events().iter().filter(|event| event.kind == EventKind::Watch);
        let keys = keys.filter_map(|event| event.key().as_str());
        let hosts = self.events().iter().map(|event| event.host.as_str());
        hosts.chain(keys).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// Cuts positions off at the end of this history.
    fn up_to_end<'a>(&'a self, positions: &'a [usize]) -> Events<'a> {
        let end = positions.partition_point(|position| *position < self.end);
        Events::new(&self.trace, &positions[..end])
    }
}

/// Two histories are equal if their events are.
impl PartialEq for History<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.events().iter().eq(other.events().iter())
    }
}

impl fmt::Debug for History<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.events()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trace::Trace;

    fn sample() -> History<'static> {
        let mut trace = Trace::default();
        let mut push =
            |ms, kind, name, data| trace.push(Duration::from_millis(ms), "h", kind, name, data);
        push(1, EventKind::Invoke, "commit", json!({ "op": 1 }));
        push(2, EventKind::Boundary, "sql:x", Value::Null);
        push(2, EventKind::Invoke, "commit", json!({ "op": 2 }));
        push(3, EventKind::Fail, "commit", json!({ "op": 2 }));
        push(4, EventKind::Ok, "commit", json!({ "op": 1 }));
        push(5, EventKind::Invoke, "commit", json!({ "op": 3 }));
        push(6, EventKind::Watch, "outbox", json!({ "key": "m1", "row": { "status": "pending" } }));
        push(7, EventKind::Phase, HEAL, Value::Null);
        push(
            8,
            EventKind::Watch,
            "outbox",
            json!({ "key": "m1", "row": { "status": "published" } }),
        );
        push(9, EventKind::Watch, "outbox", json!({ "key": "m1", "row": null }));
        History::from_events(trace.into_events())
    }

    #[test]
    fn operations_find_their_own_ends() {
        let history = sample();
        let ends: Vec<_> = history
            .operations("commit")
            .map(|op| (op.is_ok(), op.is_fail(), op.end.is_none()))
            .collect();
        assert_eq!(ends, [(true, false, false), (false, true, false), (false, false, true)]);
    }

    #[test]
    fn rows_know_what_they_were() {
        let history = sample();
        let changes = history.rows("outbox");
        assert_eq!(changes.len(), 3);
        assert_eq!(changes[0].before, None);
        assert_eq!(changes[1].before, Some(&json!({ "status": "pending" })));
        assert_eq!(changes[2].after, None);
        assert!(history.last_rows("outbox").is_empty());
        let healed = history.healed_at().expect("healed");
        assert_eq!(history.until(healed).last_rows("outbox"), [&json!({ "status": "pending" })]);
    }

    #[test]
    fn a_history_up_to_an_instant_ends_there_in_every_view() {
        let history = sample();
        let early = history.until(Duration::from_millis(3));
        assert_eq!(early.events().len(), 3);
        assert_eq!(early.events().last().map(|event| event.seq), Some(4));
        assert_eq!(early.on_host("h").len(), 3);
        assert!(early.rows("outbox").is_empty());
        let ends: Vec<_> = early.operations("commit").map(|op| (op.is_fail(), op.end)).collect();
        assert!(matches!(ends[..], [(false, None), (true, Some(_))]), "{ends:?}");
        // The earlier end wins, in either order.
        assert_eq!(early.until(Duration::from_secs(9)), early);
        assert_eq!(history.until(Duration::from_secs(9)), history);
    }

    #[test]
    fn a_history_borrows_its_trace() {
        let history = sample();
        let trace: Vec<_> = history.events().iter().cloned().collect();
        let of_trace = History::of(&trace);
        let early = of_trace.until(Duration::from_millis(3));
        let first = early.events().first().expect("there are three");
        assert!(std::ptr::eq(first, &trace[0]));
    }

    #[test]
    fn an_index_that_follows_a_trace_is_that_of_the_whole() {
        let history = sample();
        let trace: Vec<_> = history.events().iter().cloned().collect();
        let mut index = HistoryIndex::default();
        for length in 0..=trace.len() {
            let followed = index.follow(&trace[..length]);
            let whole = History::of(&trace[..length]);
            assert_eq!(followed, whole);
            let ends = |history: &History<'_>| -> Vec<_> {
                history.operations("commit").map(|op| op.end.map(|end| end.seq)).collect()
            };
            assert_eq!(ends(&followed), ends(&whole));
        }
    }

    #[test]
    fn events_after_a_number_are_those_of_a_scan() {
        let history = sample();
        for seq in 0..12 {
            let scanned: Vec<_> = history.events().iter().filter(|e| e.seq > seq).collect();
            let after: Vec<_> = history.events().after(seq).iter().collect();
            assert_eq!(after, scanned);
        }
    }

    #[test]
    fn boundaries_are_not_for_checks() {
        assert!(sample().events().iter().all(|event| event.kind != EventKind::Boundary));
    }
}
