//! Exports one run in Chrome's trace event format, for ui.perfetto.dev and chrome://tracing.
//!
//! Each host is a process. Steps, transactions, outages and active faults are slices; observations, changes of rows
//! and faults that struck are instants. Times are virtual.

use std::collections::BTreeMap;

use chaosdrill_core::{EventKind, Record, TraceEvent, trace::vocabulary::site};
use serde_json::{Value, json};

use crate::{
    escape, limits,
    timeline::{self, SpanKind, spans},
};

/// The process id of the harness.
const HARNESS: usize = 0;

/// The events of a run as a JSON object in Chrome's trace event format.
pub fn chrome_trace(record: &Record, events: &[TraceEvent]) -> String {
    let mut sorted: Vec<&TraceEvent> = events.iter().collect();
    sorted.sort_by_key(|event| event.seq);
    let mut hosts: BTreeMap<&str, usize> = BTreeMap::from([("", HARNESS)]);
    for event in &sorted {
        let next = hosts.len();
        hosts.entry(&event.host).or_insert(next);
    }
    let mut written: Vec<Value> = hosts.iter().map(|(host, pid)| process(host, *pid)).collect();
    let mut slices = 0;
    for step in spans::steps(&sorted) {
        let (from, to) = (sorted[step.from], sorted[step.to]);
        let category = if step.transaction { "transaction" } else { "step" };
        let slice = Slice { host: hosts[from.host.as_str()], name: &from.name, category, slices };
        written.extend(slice.events(from.at_ns, to.at_ns, &json!({ "event": from.seq })));
        slices += 1;
    }
    let end = sorted.last().map_or(0, |event| event.at_ns);
    for span in spans::of_hosts(&sorted) {
        let Some(host) = hosts.get(span.host.as_str()) else { continue };
        let category = if span.kind == SpanKind::Band { "fault" } else { "host" };
        let slice = Slice { host: *host, name: &span.label, category, slices };
        let to = span.to.map_or(end, |to| sorted[to].at_ns);
        written.extend(slice.events(sorted[span.from].at_ns, to, &Value::Null));
        slices += 1;
    }
    let told =
        sorted.iter().filter(|event| !matches!(event.kind, EventKind::Answer) && !is_sliced(event));
    written.extend(told.map(|event| instant(event, hosts[event.host.as_str()])));
    let run = &record.run;
    let document = json!({
        "traceEvents": written,
        "displayTimeUnit": "ms",
        "otherData": {
            "scenario": name(&run.scenario),
            "seed": run.seed.to_string(),
            "origin": name(&run.origin.to_string()),
            "verdict": record.verdict.name(),
            "digest": record.digest.as_deref().map(name),
        },
    });
    format!("{document}\n")
}

/// A boundary with an answer is a slice already. A boundary without one, such as a failpoint, is an instant.
fn is_sliced(event: &TraceEvent) -> bool {
    event.kind == EventKind::Boundary && event.name.starts_with(site::SQL)
}

fn name(text: &str) -> String {
    escape::line_within(text, limits::EVENT_CHARS_MAX)
}

fn process(host: &str, pid: usize) -> Value {
    let host = if host.is_empty() { "the harness".to_owned() } else { name(host) };
    json!({ "ph": "M", "name": "process_name", "pid": pid, "args": { "name": host } })
}

fn micros(ns: u64) -> f64 {
    ns as f64 / 1e3
}

/// A slice that may overlap with other slices of its host.
struct Slice<'a> {
    host: usize,
    name: &'a str,
    category: &'a str,
    slices: u64,
}

impl Slice<'_> {
    fn events(&self, from_ns: u64, to_ns: u64, args: &Value) -> [Value; 2] {
        let event = |phase: &str, ns: u64| {
            json!({
                "ph": phase, "cat": self.category, "name": name(self.name), "id": self.slices,
                "pid": self.host, "tid": 1, "ts": micros(ns), "args": args,
            })
        };
        [event("b", from_ns), event("e", to_ns.max(from_ns))]
    }
}

fn instant(event: &TraceEvent, pid: usize) -> Value {
    // A fault is shown across all hosts.
    let scope = if matches!(event.kind, EventKind::Fault | EventKind::Phase) { "g" } else { "t" };
    json!({
        "ph": "i", "s": scope, "cat": event.kind, "name": name(&event.name), "pid": pid, "tid": 1,
        "ts": micros(event.at_ns),
        "args": { "event": event.seq, "said": timeline::event_in_words(event) },
    })
}
