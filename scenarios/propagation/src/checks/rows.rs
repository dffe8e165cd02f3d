//! Reads the rows of the propagation for its checks, with a reference model of their meaning.
//!
//! The reference is independent of the pipeline on purpose, so that a mistake in one is not repeated in the other.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill::{Event, History, fault::Act, vocabulary::FaultChange};
use chaosdrill_scenarios_common::checks::rows::{Items, Step};
pub(crate) use chaosdrill_scenarios_common::checks::rows::{int, text};
use serde_json::Value;

/// Rows of `pending_propagations`.
pub(crate) const PROPAGATIONS: &str = "propagations";
/// Rows of `upgrades`.
pub(crate) const UPGRADES: &str = "upgrades";
/// Rows of `teams`.
pub(crate) const TEAMS: &str = "teams";
/// Rows of `requeues`.
pub(crate) const REQUEUES: &str = "requeues";
/// Rows of `resources`.
pub(crate) const RESOURCES: &str = "resources";
/// Rows of `audit_log`.
pub(crate) const AUDITS: &str = "audits";
/// Rows of `counters`.
pub(crate) const COUNTERS: &str = "counters";
/// Rows of `jobs`.
pub(crate) const JOBS: &str = "jobs";
/// What the provisioner actually applied.
pub(crate) const GRADES: &str = "grades";

/// How the rows of `pending_propagations` represent items.
pub(crate) const ITEMS: Items =
    Items { noun: "propagation", watch: PROPAGATIONS, state, terminal: &["applied", "failed"] };

/// The waits after failed dispatches, in minutes.
pub(crate) const WAITS_MIN: [i64; 9] = [1, 5, 15, 30, 60, 120, 240, 480, 960];

/// The maximum number of dispatches that may begin for one row.
pub(crate) const PICKS_MAX: i64 = 20;

/// How long one pick holds a row.
pub(crate) const LEASE: Duration = Duration::from_secs(5 * 60);

/// Kinds that the newest release handles.
pub(crate) const KNOWN_KINDS: [&str; 3] = ["tier_elevation", "limits_refresh", "trial_end"];

/// Types of resources whose limits the provisioner manages.
pub(crate) const BILLABLE: [&str; 4] = ["postgres", "redis", "mongodb", "vector"];

/// Types of resources that the tier changes nothing about.
const EXCLUDED: [&str; 3] = ["queue", "storage", "webhook"];

/// Whether a resource is of a type that is in no list, so that nobody knows what its tier changes.
pub(crate) fn is_unsorted(resource: &Value) -> bool {
    let of = text(resource, "resource_type");
    text(resource, "status") == "active" && !BILLABLE.contains(&of) && !EXCLUDED.contains(&of)
}

/// Whether a resource has limits that the provisioner manages.
pub(crate) fn has_limits(resource: &Value) -> bool {
    text(resource, "status") == "active"
        && BILLABLE.contains(&text(resource, "resource_type"))
        && !["anonymous", "free"].contains(&text(resource, "tier"))
}

/// The connection limit of a tier.
pub(crate) fn conn_limit(tier: &str) -> i64 {
    match tier {
        "hobby" => 20,
        "pro" => 100,
        "team" => 500,
        "enterprise" => 5000,
        _ => 5,
    }
}

/// The state of a row.
pub(crate) fn state(row: &Value) -> &str {
    match (row["applied_at"].is_null(), row["failed_at"].is_null()) {
        (false, true) => "applied",
        (true, false) => "failed",
        (true, true) => "pending",
        (false, false) => "applied and failed",
    }
}

/// Whether the change is a requeue by an operator: the row begins again, with all its attempts and dispatches.
pub(crate) fn is_requeue(before: &Value, after: &Value) -> bool {
    let is_fresh = int(after, "attempts") == 0 && int(after, "picks") == 0;
    state(before) == "failed" && state(after) == "pending" && is_fresh
}

/// Whether the reason of the provisioner means that no work is left.
pub(crate) fn is_good_reason(reason: &str) -> bool {
    ["already correct", "unsupported resource type", "backend does not support"]
        .iter()
        .any(|words| reason.contains(words))
}

/// Whether the worker that made this change handles the kind of the row: during a roll-out, some workers do not yet.
pub(crate) fn is_handled(history: &History, step: &Step<'_>) -> bool {
    let (event, kind) = (step.change.event, text(step.after, "kind"));
    let is_its = |started: &&Event| started.host == event.host && started.seq < event.seq;
    let started = history.observed("worker.started").filter(is_its).last();
    let handled = started.and_then(|started| started.get("handled").as_array());
    KNOWN_KINDS.contains(&kind) && handled.is_some_and(|kinds| kinds.iter().any(|it| it == kind))
}

/// Changes of propagations.
pub(crate) fn steps<'a>(history: &'a History<'_>) -> Vec<Step<'a>> {
    chaosdrill_scenarios_common::checks::rows::steps(history, PROPAGATIONS)
}

/// The rows of a watch after an event.
pub(crate) fn rows_at<'a>(
    history: &'a History,
    watch: &'a str,
    seq: u64,
) -> BTreeMap<String, &'a Value> {
    let mut rows = BTreeMap::new();
    for change in history.rows(watch).into_iter().filter(|change| change.event.seq <= seq) {
        match change.after {
            Some(row) => rows.insert(change.key.to_string(), row),
            None => rows.remove(&change.key.to_string()),
        };
    }
    rows
}

/// Whether a fault that holds up a host, a link or the database was in force at some time between two instants.
pub(crate) fn is_disturbed(history: &History, from: Duration, to: Duration) -> bool {
    let end = history.events().last().map(Event::at).unwrap_or_default();
    history.events().iter().any(|event| {
        let Some(FaultChange::Struck(strike)) = event.fault() else { return false };
        let lasts = match strike.act() {
            Some(Act::Stall(lasts) | Act::Delay(lasts)) => Some(lasts),
            Some(
                Act::Clog { lasts, .. }
                | Act::Partition { lasts, .. }
                | Act::DatabaseDown { lasts, .. },
            ) => lasts,
            _ => return false,
        };
        event.at() <= to && from <= lasts.map_or(end, |lasts| event.at() + lasts)
    })
}
