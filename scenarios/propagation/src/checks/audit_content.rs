//! Checks the content of audits: an operator decides by the attempts, the reason and the error that they report.

use chaosdrill::{Check, History, Outcome, Priority, RowChange};
use chaosdrill_scenarios_common::checks::rows::Step;
use serde_json::Value;

use crate::checks::rows::{
    AUDITS, PICKS_MAX, REQUEUES, RESOURCES, int, is_handled, rows_at, steps, text,
};

/// Each audit reports what the change of its row says: team and actor, and in the metadata, by kind, the attempts, the
/// error, the reason, the age and the resources, or the operator's request.
pub(crate) fn audits_have_content() -> Check {
    Check::new("audits_have_content", |history| {
        let steps = steps(history);
        let new = history.rows(AUDITS).into_iter().filter(|change| change.before.is_none());
        let wrong =
            new.filter_map(|change| Some((change.after?, change))).find_map(|(audit, change)| {
                let is_its = |step: &&Step<'_>| {
                    step.change.event.seq < change.event.seq
                        && step.change.key == &audit["propagation_id"]
                };
                let step = steps.iter().rev().find(is_its)?;
                let why = difference(history, audit, step, &change)?;
                Some((change.event.seq, step.change.event.seq, audit, why))
            });
        Outcome::unless(wrong.map(|(seq, changed, audit, why)| {
            let why = format!(
                "#{seq} the audit `{}` of {} {why}",
                text(audit, "kind"),
                text(audit, "propagation_id")
            );
            Outcome::invalid(why, [changed, seq])
        }))
    })
    .priority(Priority::Medium)
}

/// How an audit differs from the change of its row, as text; `None` if it has everything.
fn difference(
    history: &History,
    audit: &Value,
    step: &Step<'_>,
    change: &RowChange<'_>,
) -> Option<String> {
    let row = step.after;
    let metadata: Value = serde_json::from_str(text(audit, "metadata")).unwrap_or_default();
    let kind = text(audit, "kind");
    let actor = if kind == "propagation.requeued" { "operator" } else { "propagation_runner" };
    let differs = |member: &str, is: &Value, should: Value| {
        (*is != should).then(|| format!("has {member} {is}, but {should} is right"))
    };
    let has = |member: &str, should: Value| differs(member, &metadata[member], should);
    if !text(audit, "summary").contains(text(row, "id")) {
        return Some("does not name its propagation in the summary".to_owned());
    }
    let age = (int(row, "last_attempt_at") - int(row, "created_at")) / 1000;
    let failed =
        || has("attempts", row["attempts"].clone()).or(has("error", row["last_error"].clone()));
    let common = differs("team_id", &audit["team_id"], row["team_id"].clone()).or(differs(
        "actor",
        &audit["actor"],
        actor.into(),
    ));
    common.or_else(|| match kind {
        "propagation.applied" => {
            has("age_seconds", age.into()).or_else(|| wrong_resources(history, &metadata, step))
        }
        "propagation.retrying" | "propagation.unexpected_skip" => failed(),
        "propagation.dead_lettered" | "propagation.unknown_kind_dead_lettered" => failed()
            .or(has("age_seconds", age.into()))
            .or(has("failure_reason", reason(history, step).into())),
        _ => {
            let wishes = rows_at(history, REQUEUES, change.event.seq);
            let is_wish = wishes.values().any(|wish| {
                wish["request_id"] == metadata["request"] && wish["propagation_id"] == row["id"]
            });
            let request = &metadata["request"];
            (!is_wish).then(|| format!("has request {request}, which no operator sent"))
        }
    })
}

/// Why a row was given up.
pub(crate) fn reason(history: &History, step: &Step<'_>) -> &'static str {
    let is_attempt = int(step.after, "attempts") > int(step.before, "attempts");
    if int(step.after, "picks") >= PICKS_MAX && !is_attempt {
        "max_picks"
    } else if is_handled(history, step) {
        "max_attempts"
    } else {
        "unknown_kind"
    }
}

/// The number of resources that were done is at most that of the team, and at least that of those the provisioner
/// changed under this propagation.
fn wrong_resources(history: &History, metadata: &Value, step: &Step<'_>) -> Option<String> {
    let seq = step.change.event.seq;
    let team = &step.after["team_id"];
    let all = rows_at(history, RESOURCES, seq).values().filter(|it| it["team_id"] == *team).count();
    let is_changed = |resource: &&&Value| {
        history.observed("provisioner.answered").any(|event| {
            event.seq < seq
                && event.get("propagation") == step.change.key
                && event.get("token") == &resource["token"]
                && event.get("applied") == &Value::Bool(true)
        })
    };
    let resources = rows_at(history, RESOURCES, seq);
    let changed = resources
        .values()
        .filter(|it| it["team_id"] == *team && crate::checks::rows::has_limits(it))
        .filter(is_changed)
        .count();
    let is = &metadata["resources"];
    let is_right = is.as_u64().is_some_and(|is| (changed as u64..=all as u64).contains(&is));
    (!is_right).then(|| format!("has resources {is}, but {changed} of {all} were changed"))
}
