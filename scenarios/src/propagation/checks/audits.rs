//! What is written down for people agrees with what happened.

use chaosdrill::{Check, Outcome, Priority};
use serde_json::Value;

use crate::{
    checks::{
        audit::{self, Audit},
        labels,
    },
    propagation::checks::{
        rows::{
            AUDITS, COUNTERS, ITEMS, KNOWN_KINDS, PROPAGATIONS, int, is_requeue, state, steps, text,
        },
        world,
    },
};

const RETRYING: &str = "propagation.retrying";
const UNEXPECTED_SKIP: &str = "propagation.unexpected_skip";

const KINDS: [&str; 6] = [
    "propagation.applied",
    RETRYING,
    UNEXPECTED_SKIP,
    "propagation.dead_lettered",
    "propagation.unknown_kind_dead_lettered",
    "propagation.requeued",
];

/// Each change of a row has its audit, of the kind that the change is of.
pub(crate) fn audits_agree_with_states() -> Check {
    let audit =
        Audit { watch: AUDITS, item: "propagation_id", kind: "kind", asked_by, kinds: &KINDS };
    audit::audits_agree_by(ITEMS, audit, |history, step| {
        let by_row = asked_by(step.before, step.after)?;
        let is_retry = [RETRYING, UNEXPECTED_SKIP].contains(&by_row);
        // Where the world outside can tell which kind of failure it was, its word counts, and not the row's.
        let by_world = is_retry.then(|| world::answered_with(history, step)).flatten();
        Some(by_world.map_or(by_row, |is_skip| if is_skip { UNEXPECTED_SKIP } else { RETRYING }))
    })
}

fn asked_by(before: &Value, after: &Value) -> Option<&'static str> {
    if is_requeue(before, after) {
        return Some("propagation.requeued");
    }
    match (state(before), state(after)) {
        ("pending", "applied") => Some("propagation.applied"),
        ("pending", "failed") if KNOWN_KINDS.contains(&text(after, "kind")) => {
            Some("propagation.dead_lettered")
        }
        ("pending", "failed") => Some("propagation.unknown_kind_dead_lettered"),
        ("pending", "pending") if int(after, "attempts") == int(before, "attempts") + 1 => {
            let is_skip = text(after, "last_error").starts_with("unexpected skip");
            Some(if is_skip { UNEXPECTED_SKIP } else { RETRYING })
        }
        _ => None,
    }
}

/// The counter of dead letters has grown by one for each row that was given up.
pub(crate) fn dead_letters_are_counted_once() -> Check {
    Check::new("dead_letters_are_counted_once", |history| {
        let died: Vec<u64> = steps(history)
            .into_iter()
            .filter(|step| state(step.before) != "failed" && state(step.after) == "failed")
            .map(|step| step.change.event.seq)
            .collect();
        let is_ours = |row: &&Value| text(row, "metric") == "propagation_dead_lettered_total";
        let counted: i64 = history
            .last_rows(COUNTERS)
            .into_iter()
            .filter(is_ours)
            .map(|row| int(row, "value"))
            .sum();
        Outcome::unless((counted != died.len() as i64).then(|| {
            let why = format!("{} rows were given up, and {counted} were counted", died.len());
            Outcome::invalid(why, died)
        }))
    })
    .priority(Priority::Medium)
}

const KIND_LABELS: &[&str] = &["tier_elevation", "limits_refresh", "unknown_kind"];
const REASONS: &[&str] = &["max_attempts", "max_picks", "unknown_kind"];
const SKIPS: &[&str] = &[
    "postgres_admin_secret_missing",
    "redis_auth_secret_missing",
    "namespace_not_found",
    "resource_not_reachable",
    "pod_not_found",
    "legacy_resource",
    "other",
];

/// Labels of metrics are of fixed lists, whatever comes in.
pub(crate) fn labels_stay_within_their_set() -> Check {
    let checks = [
        labels::labels_stay_within_their_set("metric.dead_lettered", "reason", REASONS),
        labels::labels_stay_within_their_set("metric.dead_lettered", "kind", KIND_LABELS),
        labels::labels_stay_within_their_set("metric.unknown_kind", "kind", KIND_LABELS),
        labels::labels_stay_within_their_set("metric.unexpected_skip", "kind", KIND_LABELS),
        labels::labels_stay_within_their_set("metric.unexpected_skip", "skip_reason", SKIPS),
    ];
    Check::new("labels_stay_within_their_set", move |history| {
        let outcomes = checks.iter().map(|check| check.judge_now(history));
        outcomes.max_by_key(|outcome| outcome.verdict).unwrap_or_else(Outcome::valid)
    })
    .priority(Priority::Low)
}

/// What a row says of its last failure is short, and gives nothing away.
pub(crate) fn errors_are_short_and_without_secrets() -> Check {
    Check::new("errors_are_short_and_without_secrets", |history| {
        let wrong = history.rows(PROPAGATIONS).into_iter().find(|change| {
            change.after.is_some_and(|row| {
                let error = text(row, "last_error");
                error.len() > 1000 || error.contains("://") || error.contains("hunter2")
            })
        });
        Outcome::unless(wrong.map(|change| {
            let seq = change.event.seq;
            let why = format!("#{seq} the error of propagation {} is long or secret", change.key);
            Outcome::invalid(why, [seq])
        }))
    })
}
