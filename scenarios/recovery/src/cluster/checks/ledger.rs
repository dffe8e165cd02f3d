//! Checks the ledger: no write is lost, and it records what happened.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{Check, Event, Outcome, vocabulary::member::JSON};
use serde_json::Value;

use super::world::{STATE, added, can_be_read, is_applier, payload_path, replay, schemas};

/// Each write of the ledger follows the revision before it, so no write is lost. No applier writes over a ledger that
/// cannot be read; people put back the one that was there before.
pub(crate) fn no_lost_update() -> Check {
    Check::new("no_lost_update", |history| {
        replay(history, |_, event, change| {
            let change = change.filter(|change| change.path == STATE)?;
            let is_people = !is_applier(&event.host);
            if change.before.is_some_and(|row| !can_be_read(&row[JSON])) && !is_people {
                let why =
                    format!("#{} {} wrote over a ledger that is broken", event.seq, event.host);
                return Some(Outcome::invalid(why, [event.seq]));
            }
            let ledger = change.ledger?;
            if is_people && ledger.before == Some(ledger.after) {
                return None;
            }
            let revision = |ledger: &Value| ledger["state_revision"].as_i64().unwrap_or(-1);
            let (before, after) = (ledger.before.map_or(0, revision), revision(ledger.after));
            (after != before + 1).then(|| {
                let why = format!(
                    "#{} {} wrote revision {after} of the ledger over revision {before}",
                    event.seq, event.host
                );
                Outcome::invalid(why, [event.seq])
            })
        })
    })
}

/// A schema in the ledger changes only because the writing command moved the graph, or because recovery found that
/// another command had. Recovery records this once per operation, under the actor that began it. A schema that was not
/// recorded may also be added because an operator imported that graph.
pub(crate) fn every_change_of_the_ledger_is_explained() -> Check {
    Check::new("every_change_of_the_ledger_is_explained", |history| {
        let mut actors: BTreeMap<&str, &str> = BTreeMap::new();
        let mut moves: Vec<(&str, &str, u64)> = Vec::new();
        let mut imports: BTreeSet<(&str, &str)> = BTreeSet::new();
        replay(history, |world, event, change| {
            let (command, graph) = (event.text("command"), event.text("graph"));
            match event.name.as_str() {
                "graph.created" | "graph.schema_applied" | "graph.removed" => {
                    moves.push((event.host.as_str(), graph, event.seq));
                }
                "cluster.started" => {
                    let graphs = event.get("graphs").as_array().into_iter().flatten();
                    imports.extend(graphs.filter_map(Value::as_str).map(|graph| (command, graph)));
                }
                // Recovery must record what it found, even during an import.
                "cluster.swept" if matches!(event.text("row"), "3" | "4") => {
                    imports.remove(&(command, graph));
                }
                _ => {}
            }
            let change = change?;
            if let Some(row) = change.after.filter(|_| change.path.contains("/recoveries/")) {
                let sidecar = &row[JSON];
                let operation = sidecar["operation_id"].as_str().unwrap_or_default();
                actors.insert(operation, sidecar["actor"].as_str().unwrap_or_default());
            }
            let (before, after) = change.ledger.map(|ledger| (ledger.before, ledger.after))?;
            if let Some(why) = wrong_record(before, after, &actors) {
                return Some(Outcome::invalid(format!("#{} {why}", event.seq), [event.seq]));
            }
            let command = after["written_by"].as_str()?;
            let (host, began) = *world.commands.get(command)?;
            let is_moved = |graph: &str| {
                moves.iter().any(|(by, moved, seq)| *by == host && *moved == graph && *seq > began)
            };
            let is_imported = |graph: &str| imports.contains(&(command, graph));
            unexplained(event, before, after, is_moved, is_imported)
        })
    })
}

fn wrong_record(
    before: Option<&Value>,
    after: &Value,
    actors: &BTreeMap<&str, &str>,
) -> Option<String> {
    let all = after["recovery_records"].as_array()?;
    let new = added(before, after, "recovery_records");
    new.iter().find_map(|record| {
        let operation = record["operation_id"].as_str().unwrap_or_default();
        let count = all.iter().filter(|other| other["operation_id"] == operation).count();
        if count > 1 {
            return Some(format!("operation {operation} has {count} records of its recovery"));
        }
        let (said, actor) = (&record["actor"], actors.get(operation).copied().unwrap_or_default());
        (*said != actor).then(|| {
            format!("operation {operation} was started by {actor}, but its recovery says {said}")
        })
    })
}

fn unexplained(
    event: &Event,
    before: Option<&Value>,
    after: &Value,
    is_moved: impl Fn(&str) -> bool,
    is_imported: impl Fn(&str) -> bool,
) -> Option<Outcome> {
    let (was, is) = (before.map(schemas).unwrap_or_default(), schemas(after));
    let records = added(before, after, "recovery_records");
    let is_explained = |graph: &str| {
        is_moved(graph)
            || records.iter().any(|record| record["graph_id"] == graph)
            || (!was.contains_key(graph) && is_imported(graph))
    };
    let changed = was
        .keys()
        .chain(is.keys())
        .find(|graph| was.get(*graph) != is.get(*graph) && !is_explained(graph));
    changed.map(|graph| {
        let name = |digest: Option<&&str>| digest.map_or("nothing", |digest| digest).to_owned();
        let why = format!(
            "#{} {} recorded {} for graph {graph}, which had {}; it did not change it, was not asked to import it, and recorded no recovery",
            event.seq,
            event.host,
            name(is.get(graph)),
            name(was.get(graph))
        );
        Outcome::invalid(why, [event.seq])
    })
}

/// The payload of every query that the ledger names exists.
pub(crate) fn the_ledger_names_only_payloads_that_are_there() -> Check {
    Check::new("the_ledger_names_only_payloads_that_are_there", |history| {
        replay(history, |world, event, change| {
            let state = change?.ledger?.after;
            let resources = state["applied_revision"]["resources"].as_object()?;
            let missing = resources.iter().find_map(|(address, resource)| {
                let (graph, name) = address.strip_prefix("query.")?.split_once('.')?;
                let path = payload_path(graph, name, resource["digest"].as_str()?);
                (!world.has(&path)).then_some(path)
            });
            missing.map(|path| {
                let why = format!("#{} the ledger names {path}, which does not exist", event.seq);
                Outcome::invalid(why, [event.seq])
            })
        })
    })
}

/// A tombstone is written only when no object of the graph remains. A graph leaves the ledger only with a tombstone.
pub(crate) fn tombstones_only_after_an_empty_listing() -> Check {
    Check::new("tombstones_only_after_an_empty_listing", |history| {
        replay(history, |world, event, change| {
            let (before, after) = change?.ledger.map(|ledger| (ledger.before, ledger.after))?;
            let buried = added(before, after, "observations");
            let alive = buried
                .iter()
                .filter_map(|tombstone| tombstone["graph_id"].as_str())
                .find(|graph| world.has_graph(graph));
            if let Some(graph) = alive {
                let why = format!("#{} graph {graph} has a tombstone, but exists", event.seq);
                return Some(Outcome::invalid(why, [event.seq]));
            }
            let (was, is) = (before.map(schemas).unwrap_or_default(), schemas(after));
            let is_buried =
                |graph: &str| buried.iter().any(|tombstone| tombstone["graph_id"] == graph);
            let lost = was.keys().find(|graph| !is.contains_key(*graph) && !is_buried(graph))?;
            let why = format!("#{} graph {lost} left the ledger without a tombstone", event.seq);
            Some(Outcome::invalid(why, [event.seq]))
        })
    })
}
