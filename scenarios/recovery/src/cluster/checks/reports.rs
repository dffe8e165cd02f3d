//! Checks reports: a command reports what is stored, and what it leaves behind.

use std::collections::BTreeMap;

use chaosdrill::{Check, Event, Outcome, Priority, vocabulary::member::JSON};
use serde_json::Value;

use super::world::{World, replay, schemas};

/// The diagnostics of a command: code and subject.
fn diagnostics(report: &Event) -> impl Iterator<Item = (&str, &str)> {
    let all = report.get("diagnostics").as_array().into_iter().flatten();
    all.map(|said| {
        (said["code"].as_str().unwrap_or_default(), said["about"].as_str().unwrap_or_default())
    })
}

/// Whether a command acquired the lock and read the ledger.
fn is_report(event: &Event) -> bool {
    event.name == "cluster.reported" && !event.get("statuses").is_null()
}

/// The event at which the command of a report began.
fn began(world: &World<'_>, report: &Event) -> u64 {
    world.commands.get(report.text("command")).map_or(0, |(_, seq)| *seq)
}

/// A command that wrote nothing reports statuses that were stored while it ran.
pub(crate) fn reported_is_persisted() -> Check {
    Check::new("reported_is_persisted", |history| {
        let mut stored: Vec<(u64, &Value)> = Vec::new();
        replay(history, |world, event, change| {
            if let Some(change) = change.filter(|change| change.path == "__cluster/state.json") {
                stored.extend(change.after.map(|row| (event.seq, &row[JSON]["resource_statuses"])));
            }
            if !is_report(event) || event.get("state_written") == true || stored.is_empty() {
                return None;
            }
            let began = began(world, event);
            let first = stored.iter().rposition(|(seq, _)| *seq < began).unwrap_or(0);
            let is_stored =
                stored[first..].iter().any(|(_, statuses)| *statuses == event.get("statuses"));
            (!is_stored).then(|| {
                let why = format!(
                    "#{} {} wrote nothing, but reported statuses that are not stored",
                    event.seq, event.host
                );
                Outcome::invalid(why, [began, event.seq])
            })
        })
    })
    .priority(Priority::Medium)
}

/// A change that the engine rejects leaves no sidecar behind.
pub(crate) fn a_rejected_change_leaves_no_sidecar() -> Check {
    Check::new("a_rejected_change_leaves_no_sidecar", |history| {
        replay(history, |world, event, _| {
            if !is_report(event) {
                return None;
            }
            let rejected = diagnostics(event).find(|(code, _)| *code == "schema_rejected")?;
            let graph = rejected.1.trim_start_matches("graph.");
            let left = world.sidecars().find(|(_, sidecar, _)| {
                sidecar["graph_id"] == graph && sidecar["kind"] == "schema_apply"
            })?;
            let why = format!(
                "#{} the change of graph {graph} was rejected, but its sidecar {} stays",
                event.seq, left.0
            );
            Some(Outcome::invalid(why, [left.2, event.seq]))
        })
    })
}

/// At the end of a command, a graph that differs from the ledger has a sidecar.
pub(crate) fn moved_and_unrecorded_means_a_sidecar() -> Check {
    Check::new("moved_and_unrecorded_means_a_sidecar", |history| {
        // A manual change to a graph is not the command's, even if a late command cleans up after itself.
        let mut by_hand: BTreeMap<&str, bool> = BTreeMap::new();
        replay(history, |world, event, change| {
            let moved = change.filter(|change| change.path.ends_with("/manifest.json"));
            if let Some(graph) = moved.and_then(|change| super::world::graph_of(change.path)) {
                by_hand.insert(graph, !super::world::is_applier(&event.host));
            }
            if !is_report(event) {
                return None;
            }
            let recorded = world.ledger().map(schemas).unwrap_or_default();
            let odd = world.graphs().into_iter().find(|graph| {
                let is_marked =
                    world.sidecars().any(|(_, sidecar, _)| sidecar["graph_id"] == *graph);
                let is_recorded = recorded.get(graph).copied() == world.committed(graph);
                !is_recorded && !is_marked && by_hand.get(graph) != Some(&true)
            });
            odd.map(|graph| {
                let why = format!(
                    "#{} graph {graph} has changed, but neither the ledger nor a sidecar says so",
                    event.seq
                );
                Outcome::invalid(why, [event.seq])
            })
        })
    })
}

/// A command reports every sidecar that it leaves behind.
pub(crate) fn what_is_left_behind_is_told() -> Check {
    Check::new("what_is_left_behind_is_told", |history| {
        replay(history, |world, event, _| {
            // A command that could not read one intent reports so for all of them.
            if !is_report(event)
                || diagnostics(event).any(|(code, _)| {
                    code.starts_with("recovery_store") || code.contains("unreadable")
                })
            {
                return None;
            }
            let began = began(world, event);
            let command = event.text("command");
            let silent = world.sidecars().find(|(operation, _, since)| {
                let is_known = world.writer_of(operation) == Some(command) || *since < began;
                is_known && !diagnostics(event).any(|(_, about)| about.contains(operation))
            });
            silent.map(|(operation, _, since)| {
                let why = format!(
                    "#{} {} left the sidecar {operation} behind without reporting it",
                    event.seq, event.host
                );
                Outcome::invalid(why, [since, event.seq])
            })
        })
    })
    .priority(Priority::Medium)
}

/// A command that ends releases its lock, or reports that it could not.
pub(crate) fn no_lock_is_left_behind() -> Check {
    Check::new("no_lock_is_left_behind", |history| {
        replay(history, |world, event, _| {
            if event.name != "cluster.reported" {
                return None;
            }
            let (lock, since) = world.lock()?;
            let is_own = lock["lock_id"] == event.text("command");
            let is_told = diagnostics(event)
                .any(|(code, _)| matches!(code, "lock_release_failed" | "lock_store_error"));
            (is_own && !is_told).then(|| {
                let why = format!(
                    "#{} {} is done, but its lock of #{since} still exists",
                    event.seq, event.host
                );
                Outcome::invalid(why, [since, event.seq])
            })
        })
    })
    .priority(Priority::Medium)
}
