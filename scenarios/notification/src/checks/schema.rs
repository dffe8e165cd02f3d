//! Checks the schema against the database's catalogue, after migrations up and down.

use std::collections::BTreeMap;

use chaosdrill::{Check, EventKind, History, Operation, Outcome};
use serde_json::Value;

use crate::checks::rows::{NOTIFICATIONS, is, text};

/// The columns of the retries: name, whether it is nullable, and its default.
const RETRY_COLUMNS: [(&str, bool, Option<&str>); 3] =
    [("retry_count", false, Some("0")), ("next_retry_at", true, None), ("last_error", true, None)];

const RETRY_INDEX: &str = "idx_notification_events_retry_sweep";

/// What the definition of the retry index must contain: its column, and its predicate.
const FRAGMENTS: [&str; 3] = ["(next_retry_at)", "status = 'failed'", "next_retry_at IS NOT NULL"];

/// After each migration up the schema has all that retries need, and after the migration down none of it.
pub(crate) fn the_schema_is_as_agreed() -> Check {
    Check::new("the_schema_is_as_agreed", |history| {
        let wrong = history.operations("catalogue").find_map(|op| {
            let (end, to) = (op.end?, op.input()["to"].as_str()?);
            let is_disturbed = to == "down" && somebody_started(history, &op);
            let said = end.output();
            let why = if to == "up" { why_not_up(said) } else { why_not_down(said) };
            why.filter(|_| !is_disturbed && op.is_ok()).map(|why| (end.seq, to, why))
        });
        Outcome::unless(wrong.map(|(seq, to, why)| {
            Outcome::invalid(format!("#{seq} after the migration {to}, {why}"), [seq])
        }))
    })
}

/// Whether a host started between the last migration down and the end of this catalogue query: each start migrates up.
pub(super) fn somebody_started(history: &History, op: &Operation<'_>) -> bool {
    let Some(end) = op.end else { return true };
    let ways = history.operations("migrate").filter(|way| way.invoke.seq < op.invoke.seq);
    let from = ways.last().map_or(0, |way| way.invoke.seq);
    let starts = |event: &chaosdrill::Event| {
        event.kind == EventKind::Host && event.seq > from && event.seq < end.seq
    };
    history.events().iter().any(starts)
}

fn why_not_up(said: &Value) -> Option<String> {
    for (name, may_be_null, default) in RETRY_COLUMNS {
        let Some(column) = said["columns"].get(name) else {
            return Some(format!("there is no column {name}"));
        };
        if column["notnull"].as_i64() != Some(i64::from(!may_be_null)) {
            return Some(format!("the nullability of {name} is wrong: {column}"));
        }
        if column["default"].as_str() != default {
            return Some(format!("the default of {name} is wrong: {column}"));
        }
    }
    let Some(index) = said["indexes"][RETRY_INDEX].as_str() else {
        return Some(format!("there is no index {RETRY_INDEX}"));
    };
    let missing = FRAGMENTS.into_iter().find(|fragment| !index.contains(fragment));
    missing.map(|fragment| format!("the index {RETRY_INDEX} lacks `{fragment}`"))
}

fn why_not_down(said: &Value) -> Option<String> {
    let column = RETRY_COLUMNS.into_iter().find(|(name, ..)| said["columns"].get(name).is_some());
    let index = said["indexes"].get(RETRY_INDEX).map(|_| RETRY_INDEX);
    column.map(|(name, ..)| name).or(index).map(|left| format!("{left} still exists"))
}

/// Every migration up or down completes.
pub(crate) fn migrations_can_be_run_again() -> Check {
    Check::new("migrations_can_be_run_again", |history| {
        let mut given_up = history.operations("migrate").filter(|op| !op.is_ok());
        let stuck = given_up.find_map(|op| Some((op.invoke, op.end?)));
        Outcome::unless(stuck.map(|(invoke, end)| {
            let why = format!(
                "#{} the migration {} failed; the answer is: {}",
                end.seq,
                invoke.input()["to"],
                end.output()
            );
            Outcome::invalid(why, [invoke.seq, end.seq])
        }))
    })
}

/// Migrations lose no notification, change none, and cause no sent one to be sent again.
pub(crate) fn notifications_survive_the_ways() -> Check {
    Check::new("notifications_survive_the_ways", |history| {
        let mut known: BTreeMap<String, &Value> = BTreeMap::new();
        for change in history.rows(NOTIFICATIONS) {
            let (seq, key) = (change.event.seq, change.key);
            let Some(row) = change.after else {
                return Outcome::invalid(
                    format!("#{seq} notification {key} no longer exists"),
                    [seq],
                );
            };
            let first = known.entry(key.to_string()).or_insert(row);
            let columns = ["type", "channel", "recipient", "message", "created_at"];
            if let Some(column) = columns.into_iter().find(|column| row[*column] != first[*column])
            {
                let why =
                    format!("#{seq} notification {key} has a different {column} than at first");
                return Outcome::invalid(why, [seq]);
            }
            let was_sent = change.before.is_some_and(|row| is(row, "sent") || is(row, "read"));
            if was_sent && !is(row, "sent") && !is(row, "read") {
                let why = format!(
                    "#{seq} notification {key} was sent, but is now {}",
                    text(row, "status")
                );
                return Outcome::invalid(why, [seq]);
            }
        }
        Outcome::valid()
    })
}
