//! Checks the graphs: none is removed, overwritten or moved on a guess, and in the end all are as requested.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{Check, Event, History, Outcome, Priority};
use chaosdrill_scenarios_common::checks::failures;

use super::world::{Change, at_the_end, graph_of, is_applier, replay, schemas};

/// An applier removes an object of a graph only if the intent to remove that graph is recorded.
pub(crate) fn recovery_never_removes_data() -> Check {
    Check::new("recovery_never_removes_data", |history| {
        replay(history, |world, event, change| {
            let change = change.filter(|change| change.after.is_none())?;
            let graph = graph_of(change.path)?;
            let scraps = ["/__schema/staging/", "/__recovery/"];
            let is_scrap = scraps.into_iter().any(|scrap| change.path.contains(scrap));
            let is_meant = world.sidecars().any(|(_, sidecar, _)| {
                sidecar["kind"] == "graph_delete" && sidecar["graph_id"] == graph
            });
            (is_applier(&event.host) && !is_scrap && !is_meant).then(|| {
                let why = format!(
                    "#{} {} removed {}, although no intent removes graph {graph}",
                    event.seq, event.host, change.path
                );
                Outcome::invalid(why, [event.seq])
            })
        })
    })
}

/// A schema is changed only from the one in the ledger, or from one that is about to be recorded there: if the sweep of
/// a command finds a change done, the same command records it with its own write. And a schema is recorded only if the
/// graph was at it: if readers have seen it.
pub(crate) fn unexpected_state_is_not_guessed() -> Check {
    Check::new("unexpected_state_is_not_guessed", |history| {
        let mut swept: BTreeSet<&str> = BTreeSet::new();
        let mut been: BTreeSet<(&str, &str)> = BTreeSet::new();
        replay(history, |world, event, change| {
            if let Some(change) = change {
                been.extend(graph_of(change.path).and_then(|id| Some((id, world.visible(id)?))));
                return made_up(change, event, &been);
            }
            if event.name == "cluster.swept" && matches!(event.text("row"), "3" | "4") {
                swept.insert(event.text("operation"));
            }
            if event.name != "graph.schema_applied" || !is_applier(&event.host) {
                return None;
            }
            let (graph, from) = (event.text("graph"), event.text("from"));
            let recorded = schemas(world.ledger()?).get(graph).copied().unwrap_or_default();
            let is_found_done = world.sidecars().any(|(operation, sidecar, _)| {
                swept.contains(operation)
                    && sidecar["graph_id"] == graph
                    && sidecar["desired_schema_digest"] == from
            });
            // An open of another applier may have published the change, and its command may have recorded it.
            let is_recorded = event.text("to") == recorded;
            (from != recorded && !is_found_done && !is_recorded).then(|| {
                let why = format!(
                    "#{} {} changed the schema of graph {graph} from {from}, but the ledger says {recorded}",
                    event.seq, event.host
                );
                Outcome::invalid(why, [event.seq])
            })
        })
    })
}

/// A schema that an applier recorded for a graph that was never at it.
fn made_up(change: &Change<'_>, event: &Event, been: &BTreeSet<(&str, &str)>) -> Option<Outcome> {
    let ledger = change.ledger.filter(|_| is_applier(&event.host))?;
    let was = ledger.before.map(schemas).unwrap_or_default();
    let made_up = schemas(ledger.after).into_iter().find(|(graph, digest)| {
        was.get(graph) != Some(digest) && !been.contains(&(*graph, *digest))
    });
    made_up.map(|(graph, digest)| {
        let why = format!(
            "#{} {} recorded {digest} for graph {graph}, which never had it",
            event.seq, event.host
        );
        Outcome::invalid(why, [event.seq])
    })
}

/// While the intent of a sidecar is unknown, no command that began after the sidecar moves a graph.
pub(crate) fn no_graph_moves_over_unknown_intent() -> Check {
    Check::new("no_graph_moves_over_unknown_intent", |history| {
        let mut began: BTreeMap<&str, u64> = BTreeMap::new();
        replay(history, |world, event, _| {
            if event.name == "cluster.started" {
                began.insert(&event.host, event.seq);
            }
            let is_move = matches!(
                event.name.as_str(),
                "graph.created" | "graph.schema_applied" | "graph.removed"
            );
            if !is_move || !is_applier(&event.host) {
                return None;
            }
            let began = began.get(event.host.as_str()).copied()?;
            let version_max = if event.host == "next" { 2 } else { 1 };
            let unreadable = world.unreadable_sidecars(version_max);
            let (operation, since) = unreadable.into_iter().find(|(_, since)| *since < began)?;
            let why = format!(
                "#{} {} changed graph {} despite the sidecar {operation}, which it could not read since #{since}",
                event.seq,
                event.host,
                event.text("graph")
            );
            Some(Outcome::invalid(why, [since, event.seq]))
        })
    })
}

/// Every apply that operators requested is done.
pub(crate) fn applies_converge() -> Check {
    Check::new("applies_converge", |history| {
        let open = history.operations("apply").find(|operation| !operation.is_ok());
        Outcome::unless(open.map(|operation| {
            let end = operation.end.map(|end| end.output().to_string());
            let why = format!(
                "#{} is not done: {}",
                operation.invoke.seq,
                end.unwrap_or_else(|| "its sender is still trying".into())
            );
            Outcome::invalid(why, [operation.invoke.seq])
        }))
    })
}

/// The command that retires the intent of a creation because nothing had happened makes the graph itself, if its
/// applies want the graph and no step of it failed.
pub(crate) fn what_is_retired_is_done_at_once() -> Check {
    Check::new("what_is_retired_is_done_at_once", |history| {
        let mut retired: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        replay(history, |world, event, _| {
            if event.name == "cluster.swept" && event.get("row") == "1" {
                retired.entry(event.text("command")).or_default().push(event);
            }
            if event.name != "cluster.reported" {
                return None;
            }
            let (_, began) = world.commands.get(event.text("command"))?;
            let swept = retired.remove(event.text("command"))?;
            // A command that was stalled for so long that its lock was taken away may no longer write.
            let is_robbed = history
                .observed("cluster.lock_forced")
                .any(|forced| forced.get("lock") == event.get("command"));
            let is_hurt =
                is_robbed || failures::can_fail(history, &event.host, *began..event.seq, |_| true);
            let left = swept.into_iter().find(|swept| {
                let graph = swept.text("graph");
                is_wanted(history, graph, *began, event.seq) && !world.has_graph(graph)
            });
            left.filter(|_| !is_hurt).map(|swept| {
                let why = format!(
                    "#{} retired the intent of graph {}, and #{} ends without the graph",
                    swept.seq,
                    swept.text("graph"),
                    event.seq
                );
                Outcome::invalid(why, [swept.seq, event.seq])
            })
        })
    })
    .priority(Priority::Medium)
}

/// Whether every apply that was under way between two events wants a graph; `false` if there was none.
fn is_wanted(history: &History, graph: &str, from: u64, to: u64) -> bool {
    let mut open = history
        .operations("apply")
        .filter(|it| it.invoke.seq < from && it.end.is_none_or(|end| end.seq > to))
        .peekable();
    open.peek().is_some() && open.all(|it| !it.input()["config"]["graphs"][graph].is_null())
}

/// No sidecar remains.
pub(crate) fn no_sidecar_is_left() -> Check {
    Check::new("no_sidecar_is_left", |history| {
        let world = at_the_end(history);
        let left = world.sidecars().next();
        Outcome::unless(left.map(|(operation, _, seq)| {
            Outcome::invalid(format!("the sidecar {operation} still exists since #{seq}"), [seq])
        }))
    })
}

/// The engine has no operation left to publish or to take back in any graph.
pub(crate) fn the_engine_has_nothing_left_to_do() -> Check {
    Check::new("the_engine_has_nothing_left_to_do", |history| {
        let left = at_the_end(history).unfinished_in_engine();
        Outcome::unless(left.map(|(graph, operation, seq)| {
            let why = format!("the operation {operation} on graph {graph} is left since #{seq}");
            Outcome::invalid(why, [seq])
        }))
    })
}

/// The ledger records every graph, with its current schema.
pub(crate) fn ledger_matches_live_graphs() -> Check {
    Check::new("ledger_matches_live_graphs", |history| {
        let world = at_the_end(history);
        let Some(ledger) = world.ledger() else {
            return Outcome::invalid("there is no ledger", []);
        };
        let recorded = schemas(ledger);
        let unknown = world.graphs().into_iter().find(|graph| !recorded.contains_key(graph));
        if let Some(graph) = unknown {
            return Outcome::invalid(format!("the ledger does not know graph {graph}"), []);
        }
        let wrong = recorded.into_iter().find(|(graph, digest)| {
            world.visible(graph) != Some(*digest) || world.committed(graph) != Some(*digest)
        });
        Outcome::unless(wrong.map(|(graph, digest)| {
            let live = world.visible(graph).unwrap_or("nothing");
            Outcome::invalid(
                format!("graph {graph} is at {live}, but the ledger says {digest}"),
                [],
            )
        }))
    })
}
