//! The trace: everything a run did, with its virtual time, hashed into one digest.
//!
//! An event is one JSON line; the digest is the BLAKE3 hash of all lines, each with its line feed, so that
//! `b3sum trace.jsonl` confirms it. Two runs of one plan must have the same digest; if they do not,
//! [`Divergence::first`] returns the first event that differs (the idea of commonware's `Auditor` and of FoundationDB's
//! unseed, with the place of the difference added).

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::redact::{may_hold_password, redact_value};

pub mod vocabulary;

/// The kind of an event.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EventKind {
    /// A phase of the run begins: chaos, heal, end.
    Phase,
    /// A host came up, stopped, stalled or resumed.
    Host,
    /// A fault struck, or ended.
    Fault,
    /// A host is about to take a step that touches the outside world.
    Boundary,
    /// The step's answer reached the host.
    Answer,
    /// The workload asks for something.
    Invoke,
    /// The operation happened.
    Ok,
    /// The operation did not happen.
    Fail,
    /// It is not known whether the operation happened.
    Info,
    /// A host reports what it did.
    Observe,
    /// A watched row changed, as the harness itself read it.
    Watch,
    /// A line that a target logged.
    Log,
    /// A kind that a newer version wrote and this version does not know.
    #[serde(other)]
    #[schemars(skip)]
    Other,
}

impl EventKind {
    /// Whether checks may see it: what the workload and the hosts did, and what was done to them.
    pub fn belongs_to_history(self) -> bool {
        !matches!(self, Self::Boundary | Self::Answer | Self::Log | Self::Other)
    }
}

/// One event of a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceEvent {
    /// The number in the run, from 1; witnesses name events by it.
    pub seq: u64,
    /// Virtual time since the run began, in nanoseconds.
    pub at_ns: u64,
    /// The host on which it happened; empty for the harness itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// The kind.
    pub kind: EventKind,
    /// The name of the site, operation, observation, watch or state.
    pub name: String,
    /// Everything else.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

impl TraceEvent {
    /// Virtual time since the run began.
    pub fn at(&self) -> Duration {
        Duration::from_nanos(self.at_ns)
    }

    /// The correct wall clock at this instant, in milliseconds since 1970, as in stored times.
    pub fn wall_ms(&self) -> i64 {
        crate::duration::WALL_START_MS + (self.at_ns / 1_000_000) as i64
    }

    /// A member of the event's data.
    pub fn get(&self, key: &str) -> &Value {
        &self.data[key]
    }

    /// A member of the event's data as text; empty if it is not text.
    pub fn text(&self, key: &str) -> &str {
        self.data[key].as_str().unwrap_or_default()
    }

    /// A member of the event's data as a whole number; `None` if it is not one.
    pub fn int(&self, key: &str) -> Option<i64> {
        self.data[key].as_i64()
    }
}

impl fmt::Display for TraceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = serde_json::to_value(self.kind).expect("a plain name");
        let host = if self.host.is_empty() { "-" } else { &self.host };
        let kind = kind.as_str().unwrap_or_default();
        write!(
            f,
            "#{:<5} {:>14} {host:<12} {kind:<8} {}",
            self.seq,
            crate::duration::seconds(self.at()),
            self.name
        )?;
        if self.data.is_null() { Ok(()) } else { write!(f, "  {}", self.data) }
    }
}

/// The BLAKE3 hash of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first sixteen hex digits of a hash, which stand for a value in the line of an event.
pub fn short_hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_owned()
}

/// The events of one run so far, and their running digest.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    events: Vec<TraceEvent>,
    hasher: blake3::Hasher,
    /// Lines that are not in the hash yet.
    lines: Vec<u8>,
}

/// Lines are hashed in batches of this size: BLAKE3 takes little more time for sixteen kilobytes than for one.
const HASH_BYTES: usize = 16 << 10;

impl Trace {
    /// Appends an event, without the passwords in its data, and returns its number.
    pub fn push(
        &mut self,
        at: Duration,
        host: &str,
        kind: EventKind,
        name: &str,
        data: Value,
    ) -> u64 {
        let seq = self.events.len() as u64 + 1;
        let at_ns = u64::try_from(at.as_nanos()).expect("a run lasts less than 584 years");
        let mut event =
            TraceEvent { seq, at_ns, host: host.to_owned(), kind, name: name.to_owned(), data };
        let begin = self.lines.len();
        self.write(&event);
        if may_hold_password(&self.lines[begin..]) {
            redact_value(&mut event.data);
            self.lines.truncate(begin);
            self.write(&event);
        }
        self.lines.push(b'\n');
        if self.lines.len() >= HASH_BYTES {
            self.hasher.update(&self.lines);
            self.lines.clear();
        }
        self.events.push(event);
        seq
    }

    fn write(&mut self, event: &TraceEvent) {
        serde_json::to_writer(&mut self.lines, event).expect("an event is plain data");
    }

    /// The events so far.
    pub fn events(&self) -> &[TraceEvent] {
        &self.events
    }

    /// The events, by value.
    pub fn into_events(self) -> Vec<TraceEvent> {
        self.events
    }

    /// The digest so far.
    pub fn digest(&self) -> Digest {
        Digest(*self.hasher.clone().update(&self.lines).finalize().as_bytes())
    }
}

/// The first difference between two traces that should be equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// The last event that both have; `None` if the first events differ.
    pub common: Option<TraceEvent>,
    /// The next event of the left trace; `None` if it ended.
    pub left: Option<TraceEvent>,
    /// The next event of the right trace; `None` if it ended.
    pub right: Option<TraceEvent>,
}

impl Divergence {
    /// The first difference; `None` if the traces are equal.
    pub fn first(left: &[TraceEvent], right: &[TraceEvent]) -> Option<Self> {
        let same = left.iter().zip(right).take_while(|(a, b)| a == b).count();
        if same == left.len() && same == right.len() {
            return None;
        }
        let common = same.checked_sub(1).map(|last| left[last].clone());
        Some(Self { common, left: left.get(same).cloned(), right: right.get(same).cloned() })
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |event: &Option<TraceEvent>| {
            event.as_ref().map_or("(ended)".to_owned(), ToString::to_string)
        };
        match &self.common {
            Some(event) => writeln!(f, "  both   {event}")?,
            None => writeln!(f, "  both   (nothing: they differ from the start)")?,
        }
        write!(f, "  first  {}\n  second {}", show(&self.left), show(&self.right))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trace(names: &[&str]) -> Trace {
        let mut trace = Trace::default();
        for (index, name) in names.iter().enumerate() {
            trace.push(
                Duration::from_millis(index as u64),
                "d1",
                EventKind::Observe,
                name,
                json!({ "n": index }),
            );
        }
        trace
    }

    #[test]
    fn the_digest_is_the_hash_of_the_lines() {
        let trace = trace(&["a", "b"]);
        let lines: String = trace
            .events()
            .iter()
            .map(|e| serde_json::to_string(e).expect("plain") + "\n")
            .collect();
        assert_eq!(trace.digest().to_string(), blake3::hash(lines.as_bytes()).to_hex().to_string());
        insta::assert_snapshot!(lines);
    }

    #[test]
    fn the_digest_does_not_depend_on_how_many_lines_are_hashed_at_once() {
        let (mut trace, mut lines) = (Trace::default(), String::new());
        for number in 0..2_000_u64 {
            let data = json!({ "n": number });
            trace.push(Duration::from_nanos(number), "d1", EventKind::Observe, "said", data);
            lines
                .push_str(&serde_json::to_string(&trace.events()[number as usize]).expect("plain"));
            lines.push('\n');
            if number % 97 == 0 {
                assert_eq!(trace.digest(), Digest(*blake3::hash(lines.as_bytes()).as_bytes()));
            }
        }
        assert!(lines.len() > 4 * HASH_BYTES);
        assert_eq!(trace.clone().digest(), Digest(*blake3::hash(lines.as_bytes()).as_bytes()));
    }

    #[test]
    fn a_password_is_in_no_event() {
        let mut trace = Trace::default();
        let url = "postgres://u:hunter2@h/db";
        let data = json!({ "error": format!("failed ({url})"), "of": [url], url: 1 });
        trace.push(Duration::ZERO, "d1", EventKind::Observe, "said", data);
        let said = serde_json::to_string(trace.events()).expect("plain");
        assert!(!said.contains("hunter2") && said.contains("postgres://u:***@h/db"), "{said}");
        let others =
            ["password=hunter2", "PGPASSWORD = hunter2", "x?pass=hunter2", "a:\\/\\/u:hunter2@h"];
        for other in others {
            let mut trace = Trace::default();
            trace.push(Duration::ZERO, "d1", EventKind::Log, "said", json!({ "error": other }));
            let said = serde_json::to_string(trace.events()).expect("plain");
            assert!(!said.contains("hunter2"), "{said}");
        }
        let line = serde_json::to_string(&trace.events()[0]).expect("plain") + "\n";
        assert_eq!(trace.digest().to_string(), blake3::hash(line.as_bytes()).to_hex().to_string());
    }

    #[test]
    fn an_event_of_a_newer_kind_is_read_with_all_it_has() {
        let line =
            r#"{"seq":1,"at_ns":2,"host":"d1","kind":"quake","name":"felt","data":{"by":3}}"#;
        let event: TraceEvent = serde_json::from_str(line).expect("it is read");
        assert_eq!((event.kind, event.int("by")), (EventKind::Other, Some(3)));
        assert!(event.to_string().contains("felt"), "{event}");
        assert!(!event.kind.belongs_to_history());
    }

    #[test]
    fn the_first_divergence_is_found_wherever_it_is() {
        let (a, b) = (trace(&["a", "b", "c"]), trace(&["a", "x", "c"]));
        assert_eq!(Divergence::first(a.events(), a.events()), None);
        let found = Divergence::first(a.events(), b.events()).expect("they differ");
        assert_eq!(found.common.expect("one in common").name, "a");
        assert_eq!(found.left.expect("goes on").name, "b");
        assert_eq!(found.right.expect("goes on").name, "x");
        let shorter = Divergence::first(a.events(), &a.events()[..2]).expect("one ended");
        assert_eq!(shorter.right, None);
        assert_eq!(Divergence::first(&[], &[]), None);
    }

    proptest::proptest! {
        #[test]
        fn equal_digests_mean_equal_events(left in proptest::collection::vec("[a-c]", 0..6), right in proptest::collection::vec("[a-c]", 0..6)) {
            let build = |names: &[String]| trace(&names.iter().map(String::as_str).collect::<Vec<_>>());
            let (a, b) = (build(&left), build(&right));
            proptest::prop_assert_eq!(a.digest() == b.digest(), Divergence::first(a.events(), b.events()).is_none());
        }
    }
}
