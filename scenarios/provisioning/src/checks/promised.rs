//! Checks that an answer means what it says at that moment: what is accepted is there in all its parts, what is refused
//! is not, and what is shown is so.

use std::collections::BTreeSet;

use chaosdrill::{Check, History, Operation, Outcome, Priority};
use serde_json::Value;

use crate::checks::{
    answers::answers,
    rows::{DAY_MS, RESOURCES, World, is, text},
};

/// If the answer is 202, the row is there, and has not failed.
pub(crate) fn accepted_means_there() -> Check {
    Check::new("accepted_means_there", |history| {
        let mut world = World::default();
        for event in history.events() {
            world.take(event);
            let is_accepted =
                event.name == "provision.answered" && event.int("status") == Some(202);
            let id = event.text("resource");
            let row = world.resources.get(id).copied().unwrap_or(&Value::Null);
            if is_accepted && (row.is_null() || is(row, &["failed"])) {
                let (seq, status) = (event.seq, &row["status"]);
                let why = format!(
                    "#{seq} resource {id} was answered with 202, but its status is {status}"
                );
                return Outcome::invalid(why, [event.seq]);
            }
        }
        Outcome::valid()
    })
}

/// What was answered with 202 is answered so again as long as it is built.
pub(crate) fn accepted_stays_accepted() -> Check {
    Check::new("accepted_stays_accepted", |history| {
        let mut accepted = BTreeSet::new();
        for event in history.observed("provision.answered") {
            let id = event.text("resource");
            if event.int("status") == Some(202) {
                accepted.insert(id);
            } else if event.text("code") == "provision_in_progress" && accepted.contains(id) {
                let why = format!(
                    "#{} resource {id} was accepted, and is refused when it is asked for again",
                    event.seq
                );
                return Outcome::invalid(why, [event.seq]);
            }
        }
        Outcome::valid()
    })
    .priority(Priority::Medium)
}

/// A row has the team, type, tier, environment and text that were asked for, for as long as it exists, and ends when it
/// was asked to.
pub(crate) fn rows_have_what_was_asked() -> Check {
    const FIELDS: [&str; 4] = ["team", "tier", "env", "log_prefix"];
    Check::new("rows_have_what_was_asked", |history| {
        for change in history.rows(RESOURCES) {
            let Some(row) = change.after else { continue };
            let asked = history
                .operations("provision")
                .find(|op| op.input()["request"] == row["request_id"]);
            let Some(op) = asked else { continue };
            let input = op.invoke.input();
            let odd = FIELDS.into_iter().find(|field| input["ask"][*field] != row[*field]);
            let is_type = input["of"] == row["resource_type"];
            let odd = odd.or((!is_type).then_some("resource_type"));
            let made = op.invoke.wall_ms()..=change.event.wall_ms();
            let ends_as_asked = match change.before {
                Some(before) => before["expires_at"] == row["expires_at"],
                None => match (lifetime(&input["ask"]), row["expires_at"].as_i64()) {
                    (Some(ttl), Some(end)) => made.contains(&(end - ttl)),
                    (ttl, end) => ttl.is_none() && end.is_none(),
                },
            };
            if let Some(field) = odd.or((!ends_as_asked).then_some("expires_at")) {
                let (seq, key) = (change.event.seq, change.key);
                let why =
                    format!("#{seq} {field} of resource {key} is {}, not as asked", row[field]);
                return Outcome::invalid(why, [seq]);
            }
        }
        Outcome::valid()
    })
}

/// How long a resource lives that was asked for so; without a team a day at most.
fn lifetime(ask: &Value) -> Option<i64> {
    let ttl = ask["ttl_ms"].as_i64();
    if text(ask, "team").is_empty() { Some(ttl.unwrap_or(DAY_MS).min(DAY_MS)) } else { ttl }
}

/// When a team has no room for a resource, its request has no row.
pub(crate) fn refused_means_not_there() -> Check {
    Check::new("refused_means_not_there", |history| {
        let mut world = World::default();
        for event in history.events() {
            world.take(event);
            if event.name != "handler.over_quota" {
                continue;
            }
            let request = event.get("request");
            let is_left = |row: &Value| row["request_id"] == *request && !is(row, &["failed"]);
            if let Some((id, row)) = world.resources.iter().find(|(_, row)| is_left(row)) {
                let (seq, status) = (event.seq, text(row, "status"));
                let why =
                    format!("#{seq} request {request} was refused, but resource {id} is {status}");
                return Outcome::invalid(why, [seq]);
            }
        }
        Outcome::valid()
    })
}

/// What a customer is shown was so at some time between the request and the answer, and a failure is shown with its
/// code.
pub(crate) fn shown_as_it_was() -> Check {
    Check::new("shown_as_it_was", |history| {
        for op in history.operations("show").filter(Operation::is_ok) {
            let Some(end) = op.end else { continue };
            let output = end.output();
            let (id, shown) = (text(output, "resource"), text(output, "status"));
            if !was(history, id, shown, (op.invoke.seq, end.seq)) {
                let why =
                    format!("#{} resource {id} was shown as {shown}, which it was not", end.seq);
                return Outcome::invalid(why, [op.invoke.seq, end.seq]);
            }
            let code =
                output["answers"].as_array().and_then(|all| all.last()).map(|it| text(it, "code"));
            if shown == "failed" && code != Some("provision_failed") {
                let why =
                    format!("#{} resource {id} was shown as failed, without its code", end.seq);
                return Outcome::invalid(why, [end.seq]);
            }
        }
        Outcome::valid()
    })
}

/// Whether a row had a status at some time between two events.
fn was(history: &History<'_>, id: &str, status: &str, (from, to): (u64, u64)) -> bool {
    let mut at_first = None;
    let mut since = Vec::new();
    for change in history.rows(RESOURCES) {
        if change.key.as_str() != Some(id) || change.event.seq > to {
            continue;
        }
        let now = change.after.map(|row| text(row, "status"));
        if change.event.seq < from {
            at_first = now;
        } else {
            since.push(now);
        }
    }
    at_first == Some(status) || since.contains(&Some(status))
}

/// A refusal from 500 on has a code, what an agent is to do, and when to come again.
pub(crate) fn refusals_have_all_fields() -> Check {
    Check::new("refusals_have_all_fields", |history| {
        let is_refusal =
            |answer: &Value| answer["status"].as_i64().is_some_and(|status| status >= 500);
        let lacks = |answer: &Value| {
            let of = |field: &&str| answer[*field].is_null();
            let field = ["code", "action", "retry_after"].into_iter().find(of);
            let agrees = || {
                let header = answer["retry_after_header"].as_str().unwrap_or_default();
                header.parse().is_ok_and(|seconds: u64| answer["retry_after"] == seconds)
            };
            field.or_else(|| (!agrees()).then_some("header that agrees with its body"))
        };
        let wrong = answers(history)
            .filter(|(_, answer)| is_refusal(answer))
            .find_map(|(end, answer)| lacks(answer).map(|field| (end, field)));
        Outcome::unless(wrong.map(|(end, field)| {
            let why = format!("#{} a refusal has no {field}", end.seq);
            Outcome::invalid(why, [end.seq])
        }))
    })
    .priority(Priority::Low)
}
