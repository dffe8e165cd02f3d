//! Checks that writes are atomic, applied once, and durable.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{Check, History, Operation, Outcome};
use serde_json::Value;

use super::{
    graph::{Graph, TABLES, int, receipts, text},
    requests::{Effect, request},
};

/// Each published manifest contains a write completely or not at all, across tables and within each.
///
/// A merge of a release that does not confirm may be published with a part of its last table, and is completed later.
pub(crate) fn every_write_is_whole_or_absent() -> Check {
    Check::new("every_write_is_whole_or_absent", |history| {
        let graph = Graph::of(history);
        let half = |manifest: &'_ Value| -> Option<String> {
            let [knows, person] = TABLES.map(|key| graph.rows(manifest, key));
            let [of_knows, of_person] = [receipts(knows), receipts(person)];
            let is_whole =
                |request: &str| of_knows.contains(request) && of_person.contains(request);
            let may_be_half = |request: &str| {
                of_knows.contains(request) && graph.is_merge_of_an_older_release(request)
            };
            let of_rows = knows.iter().chain(person).map(|row| text(row, "request"));
            let mut all = of_knows.union(&of_person).copied().chain(of_rows);
            let half = all.find(|request| !is_whole(request) && !may_be_half(request));
            half.map(str::to_owned).or_else(|| half_a_schema(&graph, manifest))
        };
        let wrong = graph
            .manifests
            .iter()
            .find_map(|manifest| Some((manifest.event.seq, half(manifest.json)?)));
        Outcome::unless(wrong.map(|(seq, what)| {
            Outcome::invalid(format!("#{seq} publishes only a part of {what}"), [seq])
        }))
    })
}

/// A schema that is published without all of its tables, or with tables that do not belong to it.
fn half_a_schema(graph: &Graph<'_>, manifest: &Value) -> Option<String> {
    let schema = int(manifest, "schema");
    let of_table = |key: &str| {
        let (path, version) = Graph::published(manifest, key)?;
        Some(int(graph.versions.get(&(path.to_owned(), version))?.json, "schema"))
    };
    let is_rewritten = TABLES.iter().all(|key| of_table(key).is_none_or(|of| of >= schema));
    let tables = &manifest["tables"];
    let has = |version: i64| version > 0 && !tables[format!("extra{version}")].is_null();
    let is_whole = is_rewritten && (schema == 0 || has(schema)) && !has(schema - 1);
    (!is_whole).then(|| format!("schema {schema}"))
}

/// Each manifest is derived from the published one, so no published write is lost.
pub(crate) fn nothing_published_is_dropped() -> Check {
    Check::new("nothing_published_is_dropped", |history| {
        let graph = Graph::of(history);
        let wrong = graph.manifests.windows(2).find_map(|pair| {
            let [before, after] = pair else { return None };
            TABLES.iter().find_map(|key| {
                let (path, from) = Graph::published(before.json, key)?;
                let (_, to) = Graph::published(after.json, key)?;
                let chain = graph.chain(path, to, from);
                let parent = chain.last().map_or(to, |oldest| int(oldest.json, "parent"));
                (parent != from).then_some((after.event.seq, *key, from, to))
            })
        });
        Outcome::unless(wrong.map(|(seq, key, from, to)| {
            let why =
                format!("#{seq} publishes {key} at {to}, which was not made from {from} before it");
            Outcome::invalid(why, [seq])
        }))
    })
}

/// A maintenance write neither adds, changes nor deletes a row.
pub(crate) fn maintenance_changes_no_row() -> Check {
    Check::new("maintenance_changes_no_row", |history| {
        let graph = Graph::of(history);
        let is_maintenance = |version: &&super::graph::Written<'_>| {
            let sidecar = graph.sidecars.get(text(version.json, "operation"));
            let kind = sidecar.map_or("", |sidecar| text(sidecar.intent(), "kind"));
            matches!(kind, "ensure_indices" | "optimize" | "schema_apply")
                && !version.json["parent"].is_null()
        };
        let wrong = graph.versions.iter().find(|((path, _), version)| {
            let parent = graph.versions.get(&(path.clone(), int(version.json, "parent")));
            is_maintenance(version)
                && parent.is_some_and(|parent| parent.json["rows"] != version.json["rows"])
        });
        Outcome::unless(wrong.map(|((path, number), version)| {
            let why = format!(
                "#{} {path} has different rows at {number} than before the maintenance",
                version.event.seq
            );
            Outcome::invalid(why, [version.event.seq])
        }))
    })
}

/// The rows of the graph as its senders know them, in each table: the values by id, and the ids that nobody is sure of.
fn expected(history: &History<'_>) -> (BTreeMap<String, i64>, BTreeSet<String>) {
    let (mut rows, mut unsure) = (BTreeMap::new(), BTreeSet::new());
    let done = history.operations("write").filter(Operation::is_ok);
    let done: BTreeSet<&str> = done.map(|op| text(request(&op), "id")).collect();
    let mut known = BTreeSet::new();
    for op in history.operations("write").filter(|op| !op.is_fail()) {
        let id = text(request(&op), "id");
        // A sender that restarts repeats its requests, which changes nothing.
        if !known.insert(id) {
            continue;
        }
        let effect = Effect::of(request(&op));
        if done.contains(id) {
            rows.extend(effect.put);
            rows.retain(|id: &String, _| !effect.deleted.contains(&id.as_str()));
        } else {
            unsure.extend(effect.put.into_keys());
            unsure.extend(effect.deleted.into_iter().map(str::to_owned));
        }
    }
    (rows, unsure)
}

/// In the end the graph contains what was acknowledged, each row once and with its last value, and nothing else.
pub(crate) fn the_graph_is_what_was_asked_for() -> Check {
    Check::new("the_graph_is_what_was_asked_for", |history| {
        let graph = Graph::of(history);
        let Some(manifest) = graph.manifests.last() else {
            return Outcome::unknown("there is no graph");
        };
        let (expected, unsure) = expected(history);
        let wrong = TABLES.iter().find_map(|key| {
            let mut found: BTreeMap<&str, i64> = BTreeMap::new();
            for row in graph.rows(manifest.json, key) {
                let id = text(row, "id");
                if found.insert(id, int(row, "value")).is_some() {
                    return Some(format!("{key} has {id} twice"));
                }
                if !expected.contains_key(id) && !unsure.contains(id) {
                    return Some(format!(
                        "{key} has {id}, which was never requested, or was deleted"
                    ));
                }
            }
            let mut sure = expected.iter().filter(|(id, _)| !unsure.contains(*id));
            let differs = sure.find(|(id, value)| found.get(id.as_str()) != Some(value));
            differs.map(|(id, value)| {
                format!("{key} has {id} as {:?}, not as {value}", found.get(id.as_str()))
            })
        });
        Outcome::unless(wrong.map(|why| Outcome::invalid(why, [manifest.event.seq])))
    })
}

/// In the end the head of every table is published.
pub(crate) fn no_table_is_left_behind() -> Check {
    Check::new("no_table_is_left_behind", |history| {
        let graph = Graph::of(history);
        let Some(manifest) = graph.manifests.last() else {
            return Outcome::unknown("there is no graph");
        };
        let wrong = TABLES.iter().find_map(|key| {
            let (path, published) = Graph::published(manifest.json, key)?;
            let newest = graph.versions.range((path.to_owned(), 0)..=(path.to_owned(), i64::MAX));
            let ((_, head), version) = newest.last()?;
            (*head != published).then_some((*key, published, *head, version.event.seq))
        });
        Outcome::unless(wrong.map(|(key, published, head, seq)| {
            let why = format!("{key} is published at {published}, but its head is at {head}");
            Outcome::invalid(why, [manifest.event.seq, seq])
        }))
    })
}
