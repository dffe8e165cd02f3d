//! Checks what the migrations up and down do to the rows that are there.

use std::collections::BTreeMap;

use chaosdrill::{Check, Event, History, Operation, Outcome};
use chaosdrill_scenarios_common::checks::{
    fault_free::is_calm,
    rest,
    rows::{Items, Step},
};
use serde_json::Value;

use crate::checks::{
    lives,
    rows::{int, is, steps, text},
    schema::somebody_started,
};

/// Whether the row has the columns of the retries.
fn is_up(row: &Value) -> bool {
    !row["attempts"].is_null()
}

/// A way down keeps every status, and only what is being sent waits again. The way up brings back all that was known
/// about earlier attempts. A row that no retry knew gets a count of zero; if it failed, it is due since it was created.
///
/// A way is judged by the changes that its own operation shows. If another host wrote first, its change is in them.
pub(crate) fn the_ways_keep_the_retry_state() -> Check {
    Check::new("the_ways_keep_the_retry_state", |history| {
        let mut left: BTreeMap<String, &Value> = BTreeMap::new();
        for step in steps(history) {
            let key = step.change.key.to_string();
            let why = match (is_up(step.before), is_up(step.after)) {
                (true, false) => {
                    left.insert(key, step.before);
                    why_not_down(step.before, step.after)
                }
                (false, true) => why_not_up(left.get(&key).copied(), step.before, step.after),
                _ => continue,
            };
            if let Some(why) = why.filter(|_| is_of_a_way(history, step.change.event)) {
                let seq = step.change.event.seq;
                let why = format!("#{seq} {why} of notification {}", step.change.key);
                return Outcome::invalid(why, [step.since, seq]);
            }
        }
        Outcome::valid()
    })
}

/// Whether a change was made by the host of a migration, while it went on.
fn is_of_a_way(history: &History, event: &Event) -> bool {
    history.operations("migrate").any(|op| is_within(event, &op))
}

fn is_within(event: &Event, op: &Operation<'_>) -> bool {
    let until = op.end.map_or(u64::MAX, |end| end.seq);
    event.host == op.invoke.host && op.invoke.seq < event.seq && event.seq < until
}

fn why_not_down(before: &Value, after: &Value) -> Option<String> {
    let status = text(before, "status");
    let right = if status == "sending" { "pending" } else { status };
    (!is(after, right)).then(|| format!("the way down changed the status {status}"))
}

/// What is wrong after a way up; `left` is the row before the way down, if there was one.
fn why_not_up(left: Option<&Value>, before: &Value, after: &Value) -> Option<String> {
    let of_left = |column: &str| left.map_or(&Value::Null, |row| &row[column]);
    let failures = left.map_or(0, |row| int(row, "retry_count"));
    let is_retried = is(before, "pending") && failures > 0;
    let status = if is_retried { "failed" } else { text(before, "status") };
    let due = match of_left("next_retry_at") {
        _ if status != "failed" => &Value::Null,
        Value::Null => &before["created_at"],
        due => due,
    };
    let kept = ["last_error", "failed_at"].into_iter().find(|name| after[*name] != *of_left(name));
    let counts =
        [("retry_count", failures), ("attempts", left.map_or(0, |row| int(row, "attempts")))];
    let count = counts.into_iter().find(|(name, right)| after[*name].as_i64() != Some(*right));
    let wrong = kept.or(count.map(|(name, _)| name));
    let wrong = wrong.or((after["next_retry_at"] != *due).then_some("next_retry_at"));
    let wrong = wrong.or((!is(after, status)).then_some("status"));
    wrong.map(|name| format!("the way up lost {name}"))
}

/// A migration that is run over its own result changes no row, except that it arms what an older release has left as
/// failed since.
pub(crate) fn a_repeated_migration_changes_no_row() -> Check {
    Check::new("a_repeated_migration_changes_no_row", |history| {
        let repeated =
            |op: &Operation<'_>| op.input()["again"].as_bool() == Some(true) && op.end.is_some();
        let wrong = history.operations("migrate").filter(repeated).find_map(|op| {
            let mut steps = steps(history).into_iter();
            let is_wrong = |step: &Step<'_>| !is_armed(step.before, step.after);
            let changed = steps.find(|step| is_within(step.change.event, &op) && is_wrong(step))?;
            Some((op.invoke.seq, changed.change.event.seq, changed.change.key.clone()))
        });
        Outcome::unless(wrong.map(|(from, seq, key)| {
            let why = format!("#{seq} a migration that was run again changed notification {key}");
            Outcome::invalid(why, [from, seq])
        }))
    })
}

/// Whether the only change is that a failed notification without a next try is due since it was created.
fn is_armed(before: &Value, after: &Value) -> bool {
    let mut armed = before.clone();
    armed["next_retry_at"] = before["created_at"].clone();
    is(before, "failed") && before["next_retry_at"].is_null() && *after == armed
}

/// What is terminal stays so, whatever is migrated: a dead notification is not sent again. The older release knows no
/// claims, and may settle late what a newer server has settled: a server that restarts brings the schema up beside it.
pub(crate) fn terminal_is_final(items: Items) -> Check {
    rest::terminal_is_final_for(items, |history, step| {
        let is_older =
            history.operations("older-release").any(|op| is_within(step.change.event, &op));
        let is_reading = is(step.before, "sent") && is(step.after, "read");
        !is_older && !is_reading
    })
}

/// After the way down the older release starts, and it sends what is pending.
pub(crate) fn the_older_release_works() -> Check {
    Check::new("the_older_release_works", |history| {
        let wrong = history.operations("older-release").find_map(|op| {
            let end = op.end.filter(|_| !somebody_started(history, &op))?;
            if op.is_fail() {
                return Some((end, format!("the older release does not start: {}", end.output())));
            }
            let left = is_calm(history).then(|| left_pending(history, &op)).flatten()?;
            Some((end, format!("the older release has not sent a notification; namely {left}")))
        });
        Outcome::unless(
            wrong.map(|(end, why)| Outcome::invalid(format!("#{} {why}", end.seq), [end.seq])),
        )
    })
}

/// A notification that had been there before an operation began, and was pending when it ended.
fn left_pending(history: &History, op: &Operation<'_>) -> Option<String> {
    let known = lives::at(history, op.invoke.seq);
    let left = lives::at(history, op.end?.seq).into_iter();
    let mut left = left.filter(|(id, row)| is(row, "pending") && known.contains_key(id));
    left.next().map(|(id, _)| id.to_owned())
}
