//! What a status says of the other columns, in every row at every time.

use std::collections::BTreeMap;

use chaosdrill::{Check, Outcome, Priority, RowChange};
use serde_json::Value;

use crate::checks::rows::{NOTIFICATIONS, int, is, text};

/// A check of every row at every time: what is wrong with it, if anything is.
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

/// What has failed has a next try, and nothing else has one.
pub(crate) fn only_failed_rows_are_scheduled() -> Check {
    every_row("only_failed_rows_are_scheduled", |row| {
        let is_scheduled = !row["next_retry_at"].is_null();
        (is_scheduled != is(row, "failed")).then(|| {
            let has = if is_scheduled { "has a" } else { "has no" };
            format!("is {} and {has} next try", text(row, "status"))
        })
    })
}

/// What waits for its first attempt carries nothing of earlier ones.
pub(crate) fn pending_rows_are_fresh() -> Check {
    every_row("pending_rows_are_fresh", |row| {
        let nulls = ["next_retry_at", "last_error", "failed_at", "claimed_by", "claimed_until"];
        let left = nulls.into_iter().find(|column| !row[*column].is_null());
        let left = left.or((int(row, "retry_count") != 0).then_some("retry_count"));
        left.filter(|_| is(row, "pending"))
            .map(|column| format!("is pending, and {column} is {}", row[column]))
    })
}

/// Whatever is sent has a time of sending, and nothing else has one.
pub(crate) fn sent_at_tells_of_sending() -> Check {
    every_row("sent_at_tells_of_sending", |row| {
        let is_sent = is(row, "sent") || is(row, "read");
        (is_sent == row["sent_at"].is_null())
            .then(|| format!("is {}, and sent_at is {}", text(row, "status"), row["sent_at"]))
    })
    .priority(Priority::Low)
}

/// What is dead has used up its budget, to the last attempt.
pub(crate) fn dead_means_the_budget_is_used_up(budget: i64) -> Check {
    every_row("dead_means_the_budget_is_used_up", move |row| {
        let failures = int(row, "retry_count");
        (is(row, "dead") && failures != budget)
            .then(|| format!("is dead with {failures} failures of {budget}"))
    })
    .priority(Priority::Low)
}

/// The count of failures is the number of failures since the notification was asked for, or asked for again.
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
            // What a dead one counts is a question of its own.
            if !is(after, "dead") && !is(after, "pending") && int(after, "retry_count") != *count {
                let seq = change.event.seq;
                let why = format!(
                    "#{seq} notification {} is {} and counts {} failures, where there were {count}",
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
