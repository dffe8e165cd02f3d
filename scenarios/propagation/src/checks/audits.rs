//! Checks that audits, counters, labels and stored errors match what happened.

use std::collections::BTreeMap;

use chaosdrill::{Check, Outcome, Priority};
use chaosdrill_scenarios_common::checks::{
    audit::{self, Audit},
    labels,
};
use serde_json::Value;

use crate::checks::{
    audit_content::reason,
    rows::{
        AUDITS, COUNTERS, ITEMS, KNOWN_KINDS, PROPAGATIONS, int, is_handled, is_requeue, state,
        steps, text,
    },
    world,
};

const RETRYING: &str = "propagation.retrying";
const UNEXPECTED_SKIP: &str = "propagation.unexpected_skip";
const DEAD: &str = "propagation.dead_lettered";
const UNKNOWN_DEAD: &str = "propagation.unknown_kind_dead_lettered";

const KINDS: [&str; 6] =
    ["propagation.applied", RETRYING, UNEXPECTED_SKIP, DEAD, UNKNOWN_DEAD, "propagation.requeued"];

/// Every change of a row has its audit, of the kind that the change requires.
pub(crate) fn audits_agree_with_states() -> Check {
    let audit =
        Audit { watch: AUDITS, item: "propagation_id", kind: "kind", asked_by, kinds: &KINDS };
    audit::audits_agree_by(ITEMS, audit, |history, step| {
        let by_row = match asked_by(step.before, step.after)? {
            DEAD | UNKNOWN_DEAD if !is_handled(history, step) => UNKNOWN_DEAD,
            by_row => by_row,
        };
        let is_retry = [RETRYING, UNEXPECTED_SKIP].contains(&by_row);
        // If the outside world shows which kind of failure it was, it takes precedence over the row.
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
        ("pending", "failed") if KNOWN_KINDS.contains(&text(after, "kind")) => Some(DEAD),
        ("pending", "failed") => Some(UNKNOWN_DEAD),
        ("pending", "pending") if int(after, "attempts") == int(before, "attempts") + 1 => {
            let is_skip = text(after, "last_error").starts_with("unexpected skip");
            Some(if is_skip { UNEXPECTED_SKIP } else { RETRYING })
        }
        _ => None,
    }
}

/// The dead-letter counters have grown by one for each row that was given up, under its kind and its reason.
pub(crate) fn dead_letters_are_counted_once() -> Check {
    Check::new("dead_letters_are_counted_once", |history| {
        let mut died: BTreeMap<Labels, Vec<u64>> = BTreeMap::new();
        for step in steps(history) {
            if state(step.before) != "failed" && state(step.after) == "failed" {
                let kind = text(step.after, "kind");
                let is_known = is_handled(history, &step);
                let kind = if is_known { kind } else { "unknown_kind" };
                let labels = (kind.to_owned(), reason(history, &step).to_owned());
                died.entry(labels).or_default().push(step.change.event.seq);
            }
        }
        let mut counted: BTreeMap<Labels, i64> = BTreeMap::new();
        for row in history.last_rows(COUNTERS) {
            if text(row, "metric") == "propagation_dead_lettered_total" {
                *counted.entry(labels_of(text(row, "series"))).or_default() += int(row, "value");
            }
        }
        let mut labels = died.keys().chain(counted.keys());
        let count = |labels| counted.get(labels).copied().unwrap_or_default();
        let given_up = |labels| died.get(labels).map(Vec::as_slice).unwrap_or_default();
        let wrong = labels.find(|labels| count(labels) != given_up(labels).len() as i64);
        Outcome::unless(wrong.map(|labels| {
            let (rows, counted) = (given_up(labels), count(labels));
            let (kind, reason) = labels;
            let why = format!(
                "{} rows of {kind} were given up with the reason {reason}, and {counted} were counted so",
                rows.len()
            );
            Outcome::invalid(why, rows.iter().copied())
        }))
    })
    .priority(Priority::Medium)
}

/// The kind and the reason.
type Labels = (String, String);

/// The labels of a series such as `total{reason=max_attempts,kind=limits_refresh}`.
fn labels_of(series: &str) -> Labels {
    let inner = series.split_once('{').map_or("", |(_, labels)| labels.trim_end_matches('}'));
    let label = |name: &str| {
        let mut pairs = inner.split(',').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value).unwrap_or_default()
    };
    (label("kind").to_owned(), label("reason").to_owned())
}

const KIND_LABELS: &[&str] = &["tier_elevation", "limits_refresh", "trial_end", "unknown_kind"];
const REASONS: &[&str] = &["max_attempts", "max_picks", "unknown_kind"];
const TYPES: &[&str] =
    &["postgres", "redis", "mongodb", "vector", "queue", "storage", "webhook", "other"];
const SKIPS: &[&str] = &[
    "postgres_admin_secret_missing",
    "redis_auth_secret_missing",
    "namespace_not_found",
    "resource_not_reachable",
    "pod_not_found",
    "legacy_resource",
    "other",
];

/// Metric labels come from fixed lists, whatever the input.
pub(crate) fn labels_stay_within_their_set() -> Check {
    let checks = [
        labels::labels_stay_within_their_set("metric.dead_lettered", "reason", REASONS),
        labels::labels_stay_within_their_set("metric.dead_lettered", "kind", KIND_LABELS),
        labels::labels_stay_within_their_set("metric.unknown_kind", "kind", KIND_LABELS),
        labels::labels_stay_within_their_set("metric.unexpected_skip", "kind", KIND_LABELS),
        labels::labels_stay_within_their_set("metric.unexpected_skip", "skip_reason", SKIPS),
        labels::labels_stay_within_their_set("metric.unexpected_skip", "resource_type", TYPES),
    ];
    Check::new("labels_stay_within_their_set", move |history| {
        let outcomes = checks.iter().map(|check| check.judge_now(history));
        outcomes.max_by_key(|outcome| outcome.verdict).unwrap_or_else(Outcome::valid)
    })
    .priority(Priority::Low)
}

/// The stored error of a failed call has the reason that the provisioner gave.
pub(crate) fn errors_tell_what_was_answered() -> Check {
    Check::new("errors_tell_what_was_answered", |history| {
        let failures = steps(history)
            .into_iter()
            .filter(|step| int(step.after, "attempts") > int(step.before, "attempts"));
        let wrong = failures.into_iter().find_map(|step| {
            let given = world::reason_given(history, &step)?;
            (!text(step.after, "last_error").contains(given)).then_some((step, given))
        });
        Outcome::unless(wrong.map(|(step, given)| {
            let seq = step.change.event.seq;
            let why = format!(
                "#{seq} the error of propagation {} is `{}`, but the provisioner said: {given}",
                step.change.key,
                text(step.after, "last_error")
            );
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Medium)
}

/// The stored error of a row is short, as the schema requires too, and contains no secret.
pub(crate) fn errors_are_short_and_without_secrets() -> Check {
    Check::new("errors_are_short_and_without_secrets", |history| {
        let wrong = history.rows(PROPAGATIONS).into_iter().find(|change| {
            change.after.is_some_and(|row| {
                let error = text(row, "last_error");
                // The harness masks passwords itself, with asterisks.
                error.len() > 1000 || error.contains("://") || error.contains("***")
            })
        });
        Outcome::unless(wrong.map(|change| {
            let seq = change.event.seq;
            let why = format!("#{seq} the error of propagation {} is long or secret", change.key);
            Outcome::invalid(why, [seq])
        }))
    })
}
