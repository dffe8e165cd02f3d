//! Checks that the status of a row agrees with its other columns, at every time.

use std::collections::BTreeMap;

use chaosdrill::{Check, Outcome, Priority, RowChange};
use serde_json::Value;

use crate::checks::rows::{NOTIFICATIONS, int, is, text};

/// A check of every row at every time. The function returns what is wrong with a row, or `None`.
fn every_row(
    name: &'static str,
    wrong: impl Fn(&Value) -> Option<String> + Send + Sync + 'static,
) -> Check {
    Check::new(name, move |history| {
        let found = history
            .rows(NOTIFICATIONS)
            .into_iter()
            .find_map(|change| wrong(change.after?).map(|why| (change, why)));
        Outcome::unless(found.map(|(change, why)| {
            let seq = change.event.seq;
            Outcome::invalid(format!("#{seq} notification {} {why}", change.key), [seq])
        }))
    })
}

/// Failed rows have a next attempt, and no other rows have one.
pub(crate) fn only_failed_rows_are_scheduled() -> Check {
    every_row("only_failed_rows_are_scheduled", |row| {
        let is_scheduled = !row["next_retry_at"].is_null();
        (is_scheduled != is(row, "failed")).then(|| {
            let has = if is_scheduled { "has a" } else { "has no" };
            format!("is {} and {has} next try", text(row, "status"))
        })
    })
}

/// A row that waits for its first attempt has no data of earlier attempts.
pub(crate) fn pending_rows_are_fresh() -> Check {
    every_row("pending_rows_are_fresh", |row| {
        let nulls = ["next_retry_at", "last_error", "failed_at", "claimed_by", "claimed_until"];
        let left = nulls.into_iter().find(|column| !row[*column].is_null());
        let left = left.or((int(row, "retry_count") != 0).then_some("retry_count"));
        left.filter(|_| is(row, "pending"))
            .map(|column| format!("is pending, and {column} is {}", row[column]))
    })
}

/// Rows that are sent or read have a time of sending, and no other rows have one.
pub(crate) fn sent_at_tells_of_sending() -> Check {
    every_row("sent_at_tells_of_sending", |row| {
        let is_sent = is(row, "sent") || is(row, "read");
        (is_sent == row["sent_at"].is_null())
            .then(|| format!("is {}, and sent_at is {}", text(row, "status"), row["sent_at"]))
    })
    .priority(Priority::Low)
}

/// A dead row has used its whole budget of attempts.
pub(crate) fn dead_means_the_budget_is_used_up(budget: i64) -> Check {
    every_row("dead_means_the_budget_is_used_up", move |row| {
        let failures = int(row, "retry_count");
        (is(row, "dead") && failures != budget)
            .then(|| format!("is dead with {failures} failures of {budget}"))
    })
    .priority(Priority::Low)
}

/// `retry_count` is the number of failures since the notification was created or requeued.
pub(crate) fn retry_count_tells_the_failures() -> Check {
    Check::new("retry_count_tells_the_failures", |history| {
        let mut failures: BTreeMap<String, i64> = BTreeMap::new();
        for change in history.rows(NOTIFICATIONS) {
            let Some(after) = change.after else { continue };
            let count = failures.entry(change.key.to_string()).or_default();
            if is(after, "pending") {
                *count = 0;
            } else if has_failed(&change) {
                *count += 1;
            }
            // The count of a dead row is covered by another check.
            if !is(after, "dead") && !is(after, "pending") && int(after, "retry_count") != *count {
                let seq = change.event.seq;
                let why = format!(
                    "#{seq} notification {} is {} and counts {} failures, but there were {count}",
                    change.key,
                    text(after, "status"),
                    int(after, "retry_count")
                );
                return Outcome::invalid(why, [seq]);
            }
        }
        Outcome::valid()
    })
    .priority(Priority::Medium)
}

/// Whether a change is an attempt that failed.
fn has_failed(change: &RowChange<'_>) -> bool {
    let was_sending = change.before.is_some_and(|row| is(row, "sending"));
    was_sending && change.after.is_some_and(|row| is(row, "failed") || is(row, "dead"))
}
