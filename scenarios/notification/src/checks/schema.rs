//! Checks the schema against the database's catalogue, after migrations up and down.

use std::{collections::BTreeMap, iter};

use chaosdrill::{Check, Event, History, Operation, Outcome, vocabulary::HostChange};
use serde_json::Value;

use crate::checks::rows::{NOTIFICATIONS, is, text};

/// A column: its name, whether it is nullable, and its default.
type Column = (&'static str, bool, Option<&'static str>);

/// The columns that are there without retries, too.
const COLUMNS: [Column; 8] = [
    ("id", false, None),
    ("type", false, None),
    ("channel", false, None),
    ("recipient", false, None),
    ("message", false, None),
    ("status", false, Some("'pending'")),
    ("created_at", false, None),
    ("sent_at", true, None),
];

/// The columns of the retries and the claims.
const RETRY_COLUMNS: [Column; 7] = [
    ("retry_count", false, Some("0")),
    ("next_retry_at", true, None),
    ("last_error", true, None),
    ("failed_at", true, None),
    ("attempts", false, Some("0")),
    ("claimed_by", true, None),
    ("claimed_until", true, None),
];

/// An index: its name, its columns, and its predicate.
type Index = (&'static str, &'static str, &'static str);

/// The index that is there without retries, too: of what waits to be sent.
const INDEXES: [Index; 1] =
    [("idx_notification_events_pending", "(created_at, id)", "status = 'pending'")];

/// The indexes of the retries and the claims.
const RETRY_INDEXES: [Index; 2] = [
    (
        "idx_notification_events_retry_sweep",
        "(next_retry_at)",
        "status = 'failed' AND next_retry_at IS NOT NULL",
    ),
    ("idx_notification_events_claims", "(claimed_until)", "status = 'sending'"),
];

/// The schema has exactly the columns and indexes of its release: after each migration up all that retries need, and
/// after the migration down none of it.
pub(crate) fn the_schema_is_as_agreed() -> Check {
    Check::new("the_schema_is_as_agreed", |history| {
        let wrong = history.operations("catalogue").find_map(|op| {
            let (end, to) = (op.end?, op.input()["to"].as_str()?);
            let is_disturbed = to == "down" && somebody_started(history, &op);
            let said = end.output();
            let why = if to == "up" {
                what_is_wrong(
                    said,
                    &[&COLUMNS[..], &RETRY_COLUMNS].concat(),
                    &[&INDEXES[..], &RETRY_INDEXES].concat(),
                )
            } else {
                what_is_wrong(said, &COLUMNS, &INDEXES)
            };
            why.filter(|_| !is_disturbed && op.is_ok()).map(|why| (end.seq, to, why))
        });
        Outcome::unless(wrong.map(|(seq, to, why)| {
            Outcome::invalid(format!("#{seq} after the migration {to}, {why}"), [seq])
        }))
    })
}

/// The hosts that migrate up when they start.
const MIGRATING: [&str; 3] = ["api", "s1", "s2"];

/// The requests that the API answers.
const ANSWERED: [&str; 4] = ["create", "list", "read", "requeue"];

/// Whether a host was about to start at any time between the last migration down and the end of an operation.
pub(super) fn somebody_started(history: &History, op: &Operation<'_>) -> bool {
    let Some(end) = op.end else { return true };
    let ways = history.operations("migrate").filter(|way| way.invoke.seq < op.invoke.seq);
    let from = ways.last().map_or(0, |way| way.invoke.seq);
    MIGRATING
        .into_iter()
        .any(|host| starts(history, host).any(|(up, done)| up < end.seq && from < done))
}

/// The starts of a host: the number of the event with which each begins, and of the first sign that it is done.
fn starts<'a>(history: &'a History<'_>, host: &'a str) -> impl Iterator<Item = (u64, u64)> + 'a {
    let is_up = |event: &&Event| matches!(event.host_change(), Some(HostChange::Up { .. }));
    let ups = history.on_host(host).iter().filter(is_up).map(|event| event.seq);
    iter::once(0).chain(ups).map(move |up| {
        let is_done = |event: &&Event| event.name == "sweep.begun" || event.ends_a_life();
        let shown = history.on_host(host).after(up).iter().find(is_done);
        let answered = ANSWERED.into_iter().filter(|_| host == "api").flat_map(|name| {
            let ends = history.operations(name).filter(|op| op.is_ok() || op.is_fail());
            ends.filter(move |op| up < op.invoke.seq).filter_map(|op| op.end)
        });
        let done = answered.chain(shown).map(|event| event.seq).min();
        (up, done.unwrap_or(u64::MAX))
    })
}

/// What is wrong with a table that should have these columns and indexes, and no others.
fn what_is_wrong(said: &Value, columns: &[Column], indexes: &[Index]) -> Option<String> {
    for (name, may_be_null, default) in columns {
        let Some(column) = said["columns"].get(name) else {
            return Some(format!("there is no column {name}"));
        };
        if column["notnull"].as_i64() != Some(i64::from(!may_be_null)) {
            return Some(format!("the nullability of {name} is wrong: {column}"));
        }
        if column["default"].as_str() != *default {
            return Some(format!("the default of {name} is wrong: {column}"));
        }
    }
    for (name, of, predicate) in indexes {
        let Some(index) = said["indexes"][name].as_str() else {
            return Some(format!("there is no index {name}"));
        };
        let words: Vec<&str> = index.split_whitespace().collect();
        if !words.join(" ").ends_with(&format!("{of} WHERE {predicate}")) {
            return Some(format!("the index {name} is not {of} where {predicate}: {index}"));
        }
    }
    let known =
        columns.iter().map(|(name, ..)| *name).chain(indexes.iter().map(|(name, ..)| *name));
    let known: Vec<&str> = known.collect();
    let names = ["columns", "indexes"].into_iter().filter_map(|all| said[all].as_object());
    let left = names.flat_map(|all| all.keys()).find(|name| !known.contains(&name.as_str()));
    left.map(|left| format!("there is {left} that does not belong there"))
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
