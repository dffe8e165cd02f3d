//! Checks what the dashboard shows.

use std::collections::BTreeMap;

use chaosdrill::{Check, History, Operation, Outcome, Priority};
use serde_json::{Value, json};

use crate::checks::{
    faults::Stretch,
    lives::{Table, held_during},
    requests::invalid,
    rows::{int, is, text},
};

/// The number of notifications by status.
fn counts(table: &Table<'_>) -> Value {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in table.values() {
        *counts.entry(text(row, "status")).or_default() += 1;
    }
    json!(counts)
}

/// The creation time of the notification that has waited longest for its first attempt; null if none waits.
fn oldest_pending(table: &Table<'_>) -> Value {
    let waiting = table.values().filter(|row| is(row, "pending"));
    json!(waiting.map(|row| int(row, "created_at")).min())
}

/// The dashboard shows all of its numbers, each as it was at some instant during the request. It may leave out one that
/// a fault kept from being read, and says then that something is missing.
pub(crate) fn the_dashboard_tells_what_is_there() -> Check {
    Check::new("the_dashboard_tells_what_is_there", |history| {
        let wrong = history.operations("dashboard").filter(Operation::is_ok).find_map(|op| {
            let shown = |member| op.output()["body"].get(member);
            let (counted, oldest) = (shown("counts"), shown("oldest_pending"));
            let is_told = shown("errors").is_some_and(|errors| *errors != json!([]));
            let was_right = |shown: Option<&Value>, right: fn(&Table<'_>) -> Value| {
                held_during(history, &op, |table| shown == Some(&right(table)))
            };
            let is_gap = |shown: Option<&Value>, site| {
                shown == Some(&Value::Null) && is_told && could_fail(history, &op, site)
            };
            if !was_right(counted, counts) && !is_gap(counted, "sql:dashboard.count") {
                return Some((op, "counts"));
            }
            let is_oldest = was_right(oldest, oldest_pending);
            (!is_oldest && !is_gap(oldest, "sql:dashboard.oldest"))
                .then_some((op, "oldest_pending"))
        });
        Outcome::unless(wrong.map(|(op, member)| {
            let shown = &op.output()["body"][member];
            invalid(&op, &format!("the dashboard shows {member} that never were: {shown}"))
        }))
    })
    .priority(Priority::Low)
}

/// Whether a fault could keep the API from reading a number.
fn could_fail(history: &History, op: &Operation<'_>, site: &str) -> bool {
    let during = Stretch::of(history, op);
    during.has_failed("api", &[site]) || during.was_without_database("api")
}

/// The dashboard answers even if something cannot be counted.
pub(crate) fn the_dashboard_survives() -> Check {
    Check::new("the_dashboard_survives", |history| {
        let wrong = history.operations("dashboard").find_map(|op| {
            let statuses = op.end?.output()["statuses"].as_array()?;
            let status = statuses.iter().filter_map(Value::as_i64).find(|status| *status != 200)?;
            Some((op, status))
        });
        Outcome::unless(
            wrong.map(|(op, status)| invalid(&op, &format!("the dashboard answered {status}"))),
        )
    })
    .priority(Priority::Low)
}
