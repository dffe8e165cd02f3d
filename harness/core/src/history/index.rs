//! The index of a history over its trace: events by kind and name, events by host, and the end of each operation.

use std::collections::BTreeMap;

use crate::{
    history::History,
    trace::{EventKind, TraceEvent},
};

/// The index of a history. It grows with its trace, so that repeated judgements of a run read each event once.
#[derive(Clone, Debug, Default)]
pub struct HistoryIndex {
    /// The number of events of the trace that are in the index.
    taken: usize,
    all: Vec<usize>,
    by_name: BTreeMap<EventKind, BTreeMap<String, Vec<usize>>>,
    by_host: BTreeMap<String, Vec<usize>>,
    /// Invocations that have not ended yet, by the operation's number.
    open: BTreeMap<String, Vec<usize>>,
    /// The position of the end of each invocation's operation.
    ends: BTreeMap<usize, usize>,
}

impl HistoryIndex {
    /// Adds the events that are new in a trace, and returns the history of the whole trace.
    ///
    /// # Panics
    ///
    /// If the trace is shorter than at the last call: it is another trace.
    pub fn follow<'t>(&'t mut self, trace: &'t [TraceEvent]) -> History<'t> {
        assert!(self.taken <= trace.len(), "a trace only grows");
        for (position, event) in trace.iter().enumerate().skip(self.taken) {
            if event.kind.belongs_to_history() {
                self.take(position, event);
            }
        }
        self.taken = trace.len();
        History::indexed(trace, self)
    }

    fn take(&mut self, position: usize, event: &TraceEvent) {
        self.all.push(position);
        add(self.by_name.entry(event.kind).or_default(), &event.name, position);
        add(&mut self.by_host, &event.host, position);
        match event.kind {
            EventKind::Invoke => {
                self.open.entry(event.op().to_string()).or_default().push(position);
            }
            EventKind::Ok | EventKind::Fail | EventKind::Info => {
                let ended = self.open.remove(&event.op().to_string());
                self.ends.extend(ended.into_iter().flatten().map(|invoke| (invoke, position)));
            }
            _ => {}
        }
    }

    pub(super) fn all(&self) -> &[usize] {
        &self.all
    }

    pub(super) fn of_kind(&self, kind: EventKind, name: &str) -> &[usize] {
        let found = self.by_name.get(&kind).and_then(|names| names.get(name));
        found.map_or(&[], Vec::as_slice)
    }

    pub(super) fn on_host(&self, host: &str) -> &[usize] {
        self.by_host.get(host).map_or(&[], Vec::as_slice)
    }

    pub(super) fn end_of(&self, invoke: usize) -> Option<usize> {
        self.ends.get(&invoke).copied()
    }
}

/// Adds a position under a name. Most names are already present.
fn add(to: &mut BTreeMap<String, Vec<usize>>, name: &str, position: usize) {
    match to.get_mut(name) {
        Some(positions) => positions.push(position),
        None => drop(to.insert(name.to_owned(), vec![position])),
    }
}
