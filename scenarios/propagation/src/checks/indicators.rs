//! Checks the counters by which operators see trouble within seconds, long before a row is given up.

use std::collections::BTreeMap;

use chaosdrill::{Check, Event, History, Outcome, Priority};
use chaosdrill_scenarios_common::checks::rows::Step;
use serde_json::Value;

use crate::checks::rows::{
    BILLABLE, COUNTERS, RESOURCES, int, is_good_reason, is_handled, rows_at, steps, text,
};

const UNKNOWN_KIND: &str = "propagation_unknown_kind_total";
const UNEXPECTED_SKIP: &str = "propagation_unexpected_skip_total";

/// The least and the greatest value that a counter may have, and the changes that it counts.
#[derive(Default)]
struct Count {
    least: i64,
    greatest: i64,
    seqs: Vec<u64>,
}

/// For each failed attempt, `unknown_kind_total` counts a row of a kind that its worker does not handle, and
/// `unexpected_skip_total` each resource that was skipped without an accepted reason, under labels of their own.
pub(crate) fn leading_indicators_are_exact() -> Check {
    Check::new("leading_indicators_are_exact", |history| {
        let expected = expected(history);
        let mut counted: BTreeMap<String, i64> = BTreeMap::new();
        for row in history.last_rows(COUNTERS) {
            if [UNKNOWN_KIND, UNEXPECTED_SKIP].contains(&text(row, "metric")) {
                counted.insert(text(row, "series").to_owned(), int(row, "value"));
            }
        }
        let none = Count::default();
        let mut all = expected.keys().chain(counted.keys());
        let wrong = all.find_map(|series| {
            let expected = expected.get(series).unwrap_or(&none);
            let value = counted.get(series).copied().unwrap_or_default();
            let is_right = (expected.least..=expected.greatest).contains(&value);
            (!is_right).then_some((series, expected, value))
        });
        Outcome::unless(wrong.map(|(series, expected, value)| {
            let why = format!("{series} is {value}, but {} is right", expected.least);
            Outcome::invalid(why, expected.seqs.iter().copied())
        }))
    })
    .priority(Priority::Medium)
}

fn expected(history: &History) -> BTreeMap<String, Count> {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut add = |series: String, is_certain: bool, seq: u64| {
        let count = counts.entry(series).or_default();
        count.least += i64::from(is_certain);
        count.greatest += 1;
        count.seqs.push(seq);
    };
    for step in steps(history) {
        if int(step.after, "attempts") <= int(step.before, "attempts") {
            continue;
        }
        let seq = step.change.event.seq;
        if !is_handled(history, &step) {
            add(format!("{UNKNOWN_KIND}{{kind=unknown_kind}}"), true, seq);
        } else if text(step.after, "last_error").starts_with("unexpected skip") {
            for (skip, is_certain) in skips(history, &step) {
                add(series(history, &step, skip), is_certain, seq);
            }
        }
    }
    counts
}

/// The skips without an accepted reason in the dispatch that this step ends, each with whether it certainly belongs to
/// it: if two dispatches of a row overlap, a resource may have two answers.
fn skips<'a>(history: &'a History, step: &Step<'_>) -> Vec<(&'a Event, bool)> {
    let is_ours = |event: &&Event| {
        event.seq < step.change.event.seq
            && event.get("propagation") == step.change.key
            && event.text("claim") == text(step.before, "claim_token")
    };
    let Some(begun) = history.observed("runner.dispatching").filter(is_ours).last() else {
        return Vec::new();
    };
    let ended = history.observed("runner.dispatched").filter(is_ours).last();
    let end = ended.map_or(step.change.event.seq, |event| event.seq);
    let answers: Vec<&Event> = history
        .observed("provisioner.answered")
        .filter(|event| (begun.seq..end).contains(&event.seq))
        .filter(|event| event.get("propagation") == step.change.key)
        .collect();
    let bad = answers.iter().filter(|event| {
        event.get("applied") != &Value::Bool(true) && !is_good_reason(event.text("reason"))
    });
    bad.map(|event| {
        let same = answers.iter().filter(|other| other.get("token") == event.get("token"));
        (*event, same.count() == 1)
    })
    .collect()
}

/// The series that counts a skip.
fn series(history: &History, step: &Step<'_>, skip: &Event) -> String {
    let resources = rows_at(history, RESOURCES, skip.seq);
    let resource = resources.get(&skip.get("token").to_string());
    let resource_type = resource.map_or("", |resource| text(resource, "resource_type"));
    let resource_type = if BILLABLE.contains(&resource_type) { resource_type } else { "other" };
    format!(
        "{UNEXPECTED_SKIP}{{kind={},resource_type={resource_type},skip_reason={}}}",
        text(step.after, "kind"),
        skip_label(skip.text("reason"))
    )
}

/// The label of a reason; the first one that fits.
fn skip_label(reason: &str) -> &'static str {
    const LABELS: [(&str, &str); 10] = [
        ("postgres-admin secret", "postgres_admin_secret_missing"),
        ("postgres_admin", "postgres_admin_secret_missing"),
        ("redis-auth secret", "redis_auth_secret_missing"),
        ("namespace not found", "namespace_not_found"),
        ("not reachable", "resource_not_reachable"),
        ("unreachable", "resource_not_reachable"),
        ("pod not found", "pod_not_found"),
        ("no pod", "pod_not_found"),
        ("legacy resource", "legacy_resource"),
        ("legacy pod", "legacy_resource"),
    ];
    let lower = reason.to_lowercase();
    LABELS.iter().find(|(words, _)| lower.contains(words)).map_or("other", |(_, label)| label)
}
