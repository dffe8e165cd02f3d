//! Checks the plans by which the database finds the work of a sweep.

use chaosdrill::{Check, Operation, Outcome, Priority};
use serde_json::Value;

/// A sweep reads its rows from an index that holds only those that are eligible: it searches there, and scans nothing.
/// The plans are the database's own.
pub(crate) fn sweeps_touch_only_what_is_eligible() -> Check {
    Check::new("sweeps_touch_only_what_is_eligible", |history| {
        let wrong = history.operations("plans").filter(Operation::is_ok).find_map(|op| {
            let plans = op.output().as_object()?;
            let (index, plan) = plans.iter().find(|(index, plan)| !is_a_search(index, plan))?;
            Some((op, format!("a sweep does not search {index}; its plan is {plan}")))
        });
        Outcome::unless(wrong.map(|(op, why)| {
            let seq = op.end.map_or(op.invoke.seq, |end| end.seq);
            Outcome::invalid(format!("#{seq} {why}"), [op.invoke.seq, seq])
        }))
    })
    .priority(Priority::Medium)
}

/// Whether all steps of a plan that read rows search this index.
fn is_a_search(index: &str, plan: &Value) -> bool {
    let searched = format!("SEARCH notification_events USING INDEX {index} (");
    let steps = plan.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut steps = steps.iter().filter_map(Value::as_str).filter(|step| !step.starts_with("USE "));
    let first = steps.next();
    first.into_iter().chain(steps).all(|step| step.starts_with(&searched)) && first.is_some()
}
