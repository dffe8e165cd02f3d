//! What the workload and the hosts did: all that a check may see.
//!
//! A history is the part of a trace that is about the outside: operations (invoke, then ok, fail or info, in
//! Jepsen's words), observations by hosts, rows the harness itself watched, and what was done to the hosts.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use crate::trace::{EventKind, TraceEvent};

/// The phase that begins when faults stop.
pub const HEAL: &str = "heal";

/// One event of a history.
pub type Event = TraceEvent;

/// The history of one run, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    events: Vec<Event>,
}

/// An operation of the workload, from its invocation to its end.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// What was asked for.
    pub invoke: &'a Event,
    /// How it ended; nothing where it never did.
    pub end: Option<&'a Event>,
}

impl Entry<'_> {
    /// Whether it is known to have happened.
    pub fn is_ok(&self) -> bool {
        self.end.is_some_and(|end| end.kind == EventKind::Ok)
    }

    /// Whether it is known not to have happened.
    pub fn is_fail(&self) -> bool {
        self.end.is_some_and(|end| end.kind == EventKind::Fail)
    }
}

/// One change of one watched row.
#[derive(Clone, Debug)]
pub struct RowChange<'a> {
    /// The event that brought it.
    pub event: &'a Event,
    /// The row's key: its first column.
    pub key: &'a Value,
    /// The row before; nothing where it is new.
    pub before: Option<&'a Value>,
    /// The row after; nothing where it is gone.
    pub after: Option<&'a Value>,
}

impl History {
    /// The history within a trace.
    pub fn of(trace: &[TraceEvent]) -> Self {
        Self {
            events: trace.iter().filter(|event| event.kind.belongs_to_history()).cloned().collect(),
        }
    }

    /// Adds what a trace has had since this history took its first `taken` events; returns how many it has now.
    pub fn follow(&mut self, trace: &[TraceEvent], taken: usize) -> usize {
        let new = trace[taken..].iter().filter(|event| event.kind.belongs_to_history());
        self.events.extend(new.cloned());
        trace.len()
    }

    /// A history of these events.
    pub fn from_events(events: Vec<Event>) -> Self {
        Self { events }
    }

    /// All events, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The events up to an instant, that one included.
    pub fn until(&self, at: Duration) -> Self {
        let events = self.events.iter().take_while(|event| event.at() <= at).cloned().collect();
        Self { events }
    }

    /// When the faults stopped, if they have.
    pub fn healed_at(&self) -> Option<Duration> {
        self.of_kind(EventKind::Phase, HEAL).next().map(Event::at)
    }

    /// The events of one kind and name.
    pub fn of_kind<'a>(
        &'a self,
        kind: EventKind,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Event> {
        self.events.iter().filter(move |event| event.kind == kind && event.name == name)
    }

    /// What hosts said under one name.
    pub fn observed<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Event> {
        self.of_kind(EventKind::Observe, name)
    }

    /// The operations of one name, each with its end. The data of both carries the operation's `op` number.
    pub fn operations<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Entry<'a>> {
        self.of_kind(EventKind::Invoke, name).map(|invoke| {
            let ends = |event: &&Event| {
                matches!(event.kind, EventKind::Ok | EventKind::Fail | EventKind::Info)
                    && event.seq > invoke.seq
                    && event.get("op") == invoke.get("op")
            };
            Entry { invoke, end: self.events.iter().find(ends) }
        })
    }

    /// The changes of the rows of one watch, in order.
    pub fn rows<'a>(&'a self, watch: &'a str) -> Vec<RowChange<'a>> {
        let mut known: BTreeMap<String, &Value> = BTreeMap::new();
        let mut changes = Vec::new();
        for event in self.of_kind(EventKind::Watch, watch) {
            let (key, row) = (event.get("key"), event.get("row"));
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

    /// The rows of one watch as they stood at the end.
    pub fn last_rows<'a>(&'a self, watch: &'a str) -> Vec<&'a Value> {
        let mut known: BTreeMap<String, &Value> = BTreeMap::new();
        for change in self.rows(watch) {
            match change.after {
                Some(row) => known.insert(change.key.to_string(), row),
                None => known.remove(&change.key.to_string()),
            };
        }
        known.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trace::Trace;

    fn sample() -> History {
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
        History::of(trace.events())
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
    fn boundaries_are_not_for_checks() {
        assert!(sample().events().iter().all(|event| event.kind != EventKind::Boundary));
    }
}
