//! Checks that registries agree.

use std::collections::BTreeSet;

use chaosdrill::{Check, Event, Outcome, Priority};
use serde_json::Value;

/// The declared kinds equal the handled kinds, and there is at least one.
///
/// Each program reports both lists at its start as `observation`, in the members `declared` and `handled`.
pub fn every_declared_kind_is_handled(observation: &'static str) -> Check {
    Check::new("every_declared_kind_is_handled", move |history| {
        let outcomes = history.observed(observation).map(compare);
        let worse = |worst: Outcome, next: Outcome| {
            if next.verdict > worst.verdict { next } else { worst }
        };
        outcomes.reduce(worse).unwrap_or_else(|| {
            Outcome::unknown(format!("there is no observation {observation} to compare with"))
        })
    })
    .priority(Priority::Medium)
}

/// Compares the two lists of one program.
fn compare(event: &Event) -> Outcome {
    let list = |member: &str| -> BTreeSet<String> {
        let all = event.get(member).as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (declared, handled) = (list("declared"), list("handled"));
    if declared.is_empty() {
        return Outcome::unknown(format!("#{} declares nothing", event.seq));
    }
    let odd = declared.symmetric_difference(&handled).next();
    Outcome::unless(odd.map(|kind| {
        let how = if declared.contains(kind) {
            "is declared, but has no handler"
        } else {
            "has a handler, but is not declared"
        };
        Outcome::invalid(format!("#{} `{kind}` {how}", event.seq), [event.seq])
    }))
}
