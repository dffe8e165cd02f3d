//! Checks the pipeline against the outside world, which is the provisioner.

use std::time::Duration;

use chaosdrill::{Check, Event, EventKind, History, Outcome};
use chaosdrill_scenarios_common::checks::rows::{Step, last_change};
use serde_json::Value;

use crate::checks::rows::{
    ITEMS, LEASE, PROPAGATIONS, RESOURCES, UPGRADES, has_limits, int, is_disturbed, is_good_reason,
    is_handled, is_unsorted, rows_at, state, steps, text,
};

/// The part of the lease that a dispatch leaves for the settle.
const SETTLE_MAX: Duration = Duration::from_secs(10);

/// If a propagation is applied, the provisioner has changed every resource with limits, or has given a good reason not
/// to; and no resource is of a type that nobody has sorted. Resources that got their limits after the dispatch began
/// are left to the upgrade that set the limits, which has its own propagation.
pub(crate) fn applied_means_the_world_agrees() -> Check {
    Check::new("applied_means_the_world_agrees", |history| {
        let mut applied = steps(history)
            .into_iter()
            .filter(|step| state(step.before) != "applied" && state(step.after) == "applied");
        let wrong = applied.find_map(|step| {
            let seq = step.change.event.seq;
            let id = step.change.key.as_str().unwrap_or_default();
            let team = text(step.after, "team_id");
            let left = owed(history, team, step.since, seq)
                .into_iter()
                .find(|token| !is_answered(history, id, token, seq));
            left.map(|token| (seq, id, token))
        });
        Outcome::unless(wrong.map(|(seq, id, token)| {
            let why = format!(
                "#{seq} propagation {id} is applied, but the provisioner neither changed {token} for it nor gave an accepted reason"
            );
            let answers = answers(history, id, token).map(|event| event.seq);
            Outcome::invalid(why, answers.chain([seq]))
        }))
    })
}

/// The resources of a team that had limits, or were of an unknown type, throughout the time between two events, so that
/// they were due whenever a dispatch in between read them. The lease of that dispatch is the row's last change before
/// it is settled.
fn owed<'a>(history: &'a History, team: &str, since: u64, until: u64) -> Vec<&'a str> {
    let is_due = |resource: &Value| {
        text(resource, "team_id") == team && (has_limits(resource) || is_unsorted(resource))
    };
    let mut due = rows_at(history, RESOURCES, since);
    due.retain(|_, resource| is_due(resource));
    for change in history.rows(RESOURCES) {
        let is_meanwhile = (since..=until).contains(&change.event.seq);
        if is_meanwhile && !change.after.is_some_and(is_due) {
            due.remove(&change.key.to_string());
        }
    }
    due.into_values().map(|resource| text(resource, "token")).collect()
}

fn answers<'a>(
    history: &'a History,
    id: &'a str,
    token: &'a str,
) -> impl Iterator<Item = &'a Event> {
    history
        .observed("provisioner.answered")
        .filter(move |event| event.text("propagation") == id && event.text("token") == token)
}

fn is_answered(history: &History, id: &str, token: &str, seq: u64) -> bool {
    answers(history, id, token).any(|event| {
        let is_good =
            event.get("applied") == &Value::Bool(true) || is_good_reason(event.text("reason"));
        event.seq < seq && is_good
    })
}

/// Whether the dispatch that this step ends failed because of the provisioner's answers: `true` if it skipped a
/// resource without a good reason, `false` if a call failed. `None` if the outside world cannot tell, because a fault
/// struck meanwhile, or because the answers do not explain the failure.
pub(crate) fn answered_with(history: &History, step: &Step<'_>) -> Option<bool> {
    if !is_handled(history, step) {
        return Some(false);
    }
    let (id, seq) = (step.change.key.as_str()?, step.change.event.seq);
    let is_ours = |event: &&Event| {
        event.seq < seq
            && event.text("propagation") == id
            && event.text("claim") == text(step.before, "claim_token")
    };
    let begun = history.observed("runner.dispatching").filter(is_ours).last()?;
    let (from, to) = (begun.at(), step.change.event.at());
    let is_hurt = history
        .events()
        .iter()
        .any(|event| event.kind == EventKind::Fault && (begun.seq..=seq).contains(&event.seq));
    let is_timely = to.saturating_sub(from) + SETTLE_MAX < LEASE;
    if is_hurt || !is_timely || is_disturbed(history, from, to) {
        return None;
    }
    let meanwhile =
        |event: &&Event| (begun.seq..=seq).contains(&event.seq) && event.text("propagation") == id;
    if history.observed("provisioner.failed").any(|event| meanwhile(&event)) {
        return Some(false);
    }
    let answers: Vec<&Event> = history.observed("provisioner.answered").filter(meanwhile).collect();
    let is_bad = |event: &&Event| {
        event.get("applied") != &Value::Bool(true) && !is_good_reason(event.text("reason"))
    };
    let is_complete = rows_at(history, RESOURCES, begun.seq)
        .into_values()
        .filter(|resource| {
            text(resource, "team_id") == text(step.after, "team_id") && has_limits(resource)
        })
        .all(|resource| answers.iter().any(|event| event.text("token") == text(resource, "token")));
    is_complete.then(|| answers.iter().any(is_bad))
}

/// Why the first call that failed in the dispatch which this step ends did so, as the provisioner said; `None` if it is
/// not known that a call failed so, and that none before it failed otherwise.
pub(crate) fn reason_given<'a>(history: &'a History, step: &Step<'_>) -> Option<&'a str> {
    if !is_handled(history, step) || answered_with(history, step) != Some(false) {
        return None;
    }
    let seq = step.change.event.seq;
    let claim = text(step.before, "claim_token");
    let begun = history
        .observed("runner.dispatching")
        .filter(|event| event.seq < seq && event.get("propagation") == step.change.key)
        .filter(|event| event.text("claim") == claim)
        .last()?;
    let meanwhile = |event: &&Event| (begun.seq..seq).contains(&event.seq);
    let of_row = |event: &&Event| event.get("propagation") == step.change.key;
    let failed = history.observed("provisioner.failed").filter(meanwhile).filter(of_row);
    let first = failed.min_by_key(|event| event.text("token"))?;
    let is_answered = |token: &str| {
        let answered = history.observed("provisioner.answered").filter(meanwhile).filter(of_row);
        answered.into_iter().any(|event| event.text("token") == token)
    };
    let due = owed(history, text(step.after, "team_id"), begun.seq, seq);
    let is_first = due.into_iter().filter(|token| *token < first.text("token")).all(is_answered);
    // What it said may have been lost with it.
    let is_up = !history.on_host(&first.host).iter().filter(meanwhile).any(|it| it.ends_a_life());
    (is_first && is_up).then(|| first.text("why"))
}

/// The last answer of the provisioner about a resource, a failed call included.
pub(crate) fn last_answer<'a>(history: &'a History, token: &str) -> Option<&'a Event> {
    let answered = history.observed("provisioner.answered");
    let answers = answered.chain(history.observed("provisioner.failed"));
    answers.filter(|event| event.text("token") == token).max_by_key(|event| event.seq)
}

/// An upgrade and the row of its propagation are committed at the same instant.
pub(crate) fn every_upgrade_is_enqueued() -> Check {
    Check::new("every_upgrade_is_enqueued", |history| {
        let rows = history.rows(PROPAGATIONS);
        let lost = history.rows(UPGRADES).into_iter().find(|upgrade| {
            let is_here = |row: &chaosdrill::RowChange<'_>| {
                row.key == upgrade.key && row.event.at() <= upgrade.event.at()
            };
            upgrade.after.is_some() && !rows.iter().any(is_here)
        });
        Outcome::unless(lost.map(|upgrade| {
            let seq = upgrade.event.seq;
            let why =
                format!("#{seq} upgrade {} is committed without its propagation", upgrade.key);
            Outcome::invalid(why, [seq])
        }))
    })
}

/// Every upgrade is applied.
pub(crate) fn every_upgrade_is_applied() -> Check {
    Check::new("every_upgrade_is_applied", |history| {
        let rows = history.last_rows(PROPAGATIONS);
        let open = rows.into_iter().find(|row| state(row) != "applied");
        Outcome::unless(open.map(|row| {
            let why = format!(
                "{} {} is {} after {} attempts; its last error is: {}",
                ITEMS.noun,
                text(row, "id"),
                state(row),
                int(row, "attempts"),
                text(row, "last_error")
            );
            Outcome::invalid(why, last_change(history, PROPAGATIONS, &row["id"]))
        }))
    })
}
