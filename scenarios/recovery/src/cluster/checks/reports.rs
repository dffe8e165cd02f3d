//! Checks reports: a command reports what is stored, and what it leaves behind.

use std::collections::BTreeMap;

use chaosdrill::{Check, Event, Outcome, Priority, vocabulary::member::JSON};
use chaosdrill_scenarios_common::checks::failures;
use serde_json::Value;

use super::world::{STATE, World, graph_of, replay, schemas};

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

/// A command says whether it wrote the ledger, and if it did, it reports the statuses that it stored.
pub(crate) fn the_report_says_what_was_written() -> Check {
    Check::new("the_report_says_what_was_written", |history| {
        let mut written: BTreeMap<&str, (u64, &Value)> = BTreeMap::new();
        let mut denied: BTreeMap<&str, u64> = BTreeMap::new();
        let invalid = |event: &Event, other: u64, why: &str| {
            let why = format!("#{} {} {why} (#{other})", event.seq, event.host);
            Some(Outcome::invalid(why, [other, event.seq]))
        };
        replay(history, |_, event, change| {
            if let Some(ledger) = change.and_then(|change| change.ledger.map(|ledger| ledger.after))
            {
                let by = ledger["written_by"].as_str().unwrap_or_default();
                if let Some(said) = denied.get(by) {
                    return invalid(event, *said, "wrote the ledger after it said that it had not");
                }
                written.insert(by, (event.seq, &ledger["resource_statuses"]));
            }
            if event.name != "cluster.reported" {
                return None;
            }
            let command = event.text("command");
            match (event.get("state_written").as_bool(), written.get(command)) {
                (Some(true), None) => {
                    invalid(event, event.seq, "says that it wrote the ledger, and did not")
                }
                (Some(false), Some((seq, _))) => {
                    invalid(event, *seq, "says that it wrote nothing, but it wrote the ledger")
                }
                (Some(true), Some((seq, statuses))) if *statuses != event.get("statuses") => {
                    invalid(event, *seq, "reports other statuses than those that it stored")
                }
                (Some(false), None) => {
                    denied.insert(command, event.seq);
                    None
                }
                _ => None,
            }
        })
    })
}

/// A command that wrote nothing reports statuses that were stored while it ran.
pub(crate) fn reported_is_persisted() -> Check {
    Check::new("reported_is_persisted", |history| {
        let mut stored: Vec<(u64, &Value)> = Vec::new();
        replay(history, |world, event, change| {
            let ledger = change.and_then(|change| change.ledger);
            stored.extend(ledger.map(|ledger| (event.seq, &ledger.after["resource_statuses"])));
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

/// A refresh reports a graph as applied if, and only if, the graph has been at its recorded schema while it ran. A
/// graph that changed meanwhile, or that another failure blocks, may be reported either way.
pub(crate) fn a_refresh_reports_what_is_live() -> Check {
    Check::new("a_refresh_reports_what_is_live", |history| {
        let mut refreshes: BTreeMap<&str, u64> = BTreeMap::new();
        let mut changed: BTreeMap<&str, u64> = BTreeMap::new();
        let mut intents: BTreeMap<&str, u64> = BTreeMap::new();
        replay(history, |world, event, change| {
            if event.name == "cluster.started" && event.get("kind") == "refresh" {
                refreshes.insert(event.text("command"), event.seq);
            }
            if let Some(graph) = change.and_then(|change| graph_of(change.path)) {
                changed.insert(graph, event.seq);
            }
            let intent = change.filter(|change| change.path.contains("/recoveries/"));
            for row in intent.iter().flat_map(|change| [change.before, change.after]).flatten() {
                intents.insert(row[JSON]["graph_id"].as_str().unwrap_or_default(), event.seq);
            }
            if event.name != "cluster.reported" || event.get("outcome") != "converged" {
                return None;
            }
            let began = refreshes.remove(event.text("command"))?;
            let is_quiet = |graph: &str| {
                let is_old = |seq: Option<&u64>| seq.is_none_or(|seq| *seq < began);
                let is_marked = world.sidecars().any(|(_, it, _)| it["graph_id"] == graph);
                is_old(changed.get(graph)) && is_old(intents.get(graph)) && !is_marked
            };
            let odd = schemas(world.ledger()?).into_iter().find(|(graph, digest)| {
                let is_live = world.committed(graph) == Some(*digest)
                    && world.visible(graph) == Some(*digest);
                let status = &event.get("statuses")[format!("graph.{graph}")]["status"];
                is_quiet(graph) && is_live != (status == "applied")
            });
            odd.map(|(graph, _)| {
                let why = format!(
                    "#{} {} refreshed graph {graph}, and reports something else than what it is",
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

/// At the end of a command whose change of a schema failed, a graph that was not written since the command began, and
/// in which the engine has nothing left to do, has no intent of that change, unless its deletion failed.
pub(crate) fn an_unmoved_graph_keeps_no_intent() -> Check {
    Check::new("an_unmoved_graph_keeps_no_intent", |history| {
        replay(history, |world, event, _| {
            if !is_report(event) {
                return None;
            }
            let failed: Vec<&str> = diagnostics(event)
                .filter(|(code, _)| *code == "schema_apply_failed")
                .map(|(_, about)| about.trim_start_matches("graph."))
                .collect();
            let (command, host) = (event.text("command"), event.host.as_str());
            // What made the change fail struck once; what strikes later may keep the command from looking.
            let began = began(world, event);
            let struck = history.on_host(host).after(began);
            let struck = struck.iter().take_while(|it| it.seq < event.seq);
            let errors = struck.filter(|it| failures::failed_site(it).is_some()).count();
            let kept = world.sidecars().find(|(operation, sidecar, _)| {
                let graph = sidecar["graph_id"].as_str().unwrap_or_default();
                let is_told = diagnostics(event).any(|(code, about)| {
                    code == "recovery_sidecar_cleanup_failed" && about.contains(operation)
                });
                sidecar["kind"] == "schema_apply"
                    && world.writer_of(operation) == Some(command)
                    && failed.contains(&graph)
                    && world.is_untouched_since(graph, began)
                    && world.unfinished_in_engine().is_none()
                    && errors <= failed.len()
                    && !is_told
            });
            kept.map(|(operation, _, since)| {
                let why = format!(
                    "#{} the change of {operation} failed, and its intent stays although nothing has moved",
                    event.seq
                );
                Outcome::invalid(why, [since, event.seq])
            })
        })
    })
    .priority(Priority::Medium)
}

/// At the end of a command, a graph that differs from the ledger has a sidecar.
pub(crate) fn moved_and_unrecorded_means_a_sidecar() -> Check {
    Check::new("moved_and_unrecorded_means_a_sidecar", |history| {
        replay(history, |world, event, _| {
            // While the ledger cannot be read, nobody can compare.
            let is_broken = world.has(STATE) && world.ledger().is_none();
            if !is_report(event) || is_broken {
                return None;
            }
            let recorded = world.ledger().map(schemas).unwrap_or_default();
            let odd = world.graphs().into_iter().find(|graph| {
                let is_marked =
                    world.sidecars().any(|(_, sidecar, _)| sidecar["graph_id"] == *graph);
                let is_recorded = recorded.get(graph).copied() == world.committed(graph);
                // A manual change to a graph is not the command's, even if a command publishes it.
                !is_recorded && !is_marked && !world.is_by_hand(graph)
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
            // A command that could not list the intents, or read one, reports that path alone, and ends.
            let is_blind = |(_, about): (&str, &str)| about.starts_with("__cluster/recoveries");
            if !is_report(event) || diagnostics(event).any(is_blind) {
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

/// A command does not say that it should be repeated if all its errors are about an object that is torn: people have to
/// put it back first.
pub(crate) fn nobody_repeats_what_only_people_can_mend() -> Check {
    Check::new("nobody_repeats_what_only_people_can_mend", |history| {
        replay(history, |world, event, _| {
            if event.name != "cluster.reported" || event.get("outcome") != "retry" {
                return None;
            }
            let began = began(world, event);
            let path = world.torn_before(began)?;
            let about = graph_of(path).map_or(path.to_owned(), |graph| format!("graph.{graph}"));
            let said = event.get("diagnostics").as_array().into_iter().flatten();
            let mut errors = said.filter(|said| said["severity"] == "error");
            let is_all = errors.all(|said| said["about"] == about.as_str());
            let is_hurt = failures::can_fail(history, &event.host, began..event.seq, |_| true);
            (is_all && !is_hurt).then(|| {
                let (seq, host) = (event.seq, &event.host);
                let why = format!("#{seq} {host} wants to be asked again; {path} is torn");
                Outcome::invalid(why, [began, seq])
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
