//! Checks that writes are atomic, applied once, and durable.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{Check, History, Operation, Outcome, Priority};
use serde_json::Value;

use super::graph::{Graph, TABLES, int, receipts, text};

/// The request of an operation.
fn request<'a>(op: &Operation<'a>) -> &'a Value {
    op.input()
}

/// The answers to all sendings of an operation.
fn answers<'a>(op: &Operation<'a>) -> &'a [Value] {
    let answers = op.end.and_then(|end| end.output()["answers"].as_array());
    answers.map(Vec::as_slice).unwrap_or_default()
}

/// Whether a request writes rows.
fn writes_rows(request: &Value) -> bool {
    matches!(text(request, "kind"), "mutation" | "delete" | "load" | "branch_merge")
}

/// Every acknowledged write is published: its receipt in each table, or its schema.
pub(crate) fn acknowledged_writes_are_published() -> Check {
    Check::new("acknowledged_writes_are_published", |history| {
        let graph = Graph::of(history);
        let wrong = history.operations("write").filter(Operation::is_ok).find(|op| {
            let (Some(end), request) = (op.end, request(op)) else { return false };
            let Some(manifest) = graph.manifest_at(end.seq) else { return true };
            if text(request, "kind") == "schema_apply" {
                return int(manifest.json, "schema") < int(request, "version");
            }
            let has =
                |key: &&str| receipts(graph.rows(manifest.json, key)).contains(text(request, "id"));
            writes_rows(request) && !TABLES.iter().all(has)
        });
        Outcome::unless(wrong.map(|op| {
            let seq = op.end.map_or(op.invoke.seq, |end| end.seq);
            let why = format!(
                "#{seq} {} got the answer that {} is done, but it is not in the published graph",
                op.invoke.host,
                text(request(&op), "id")
            );
            Outcome::invalid(why, [op.invoke.seq, seq])
        }))
    })
}

/// Each published manifest contains a write completely or not at all, across tables and within each.
///
/// Merges of releases that do not confirm are exempt: they may be published in part, and are completed later.
pub(crate) fn every_write_is_whole_or_absent() -> Check {
    Check::new("every_write_is_whole_or_absent", |history| {
        let graph = Graph::of(history);
        let old = |request: &str| {
            let of_request =
                graph.sidecars.values().filter(|sidecar| sidecar.intent()["actor_id"] == request);
            of_request.into_iter().any(|sidecar| int(sidecar.intent(), "schema_version") == 1)
        };
        let half = |manifest: &'_ Value| -> Option<String> {
            let [knows, person] = TABLES.map(|key| graph.rows(manifest, key));
            let [of_knows, of_person] = [receipts(knows), receipts(person)];
            let odd = of_knows.symmetric_difference(&of_person).copied();
            let open = |(rows, receipts): (&'_ [Value], &BTreeSet<&str>)| {
                let of = |row: &Value| text(row, "request").to_owned();
                rows.iter()
                    .map(of)
                    .find(|request| !receipts.contains(request.as_str()) && !old(request))
            };
            let odd = odd.into_iter().find(|request| !old(request)).map(str::to_owned);
            odd.or_else(|| [(knows, &of_knows), (person, &of_person)].into_iter().find_map(open))
                .or_else(|| half_a_schema(&graph, manifest))
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

/// A read that starts after a write was acknowledged sees the write.
pub(crate) fn reads_see_what_was_acknowledged() -> Check {
    Check::new("reads_see_what_was_acknowledged", |history| {
        let done: Vec<_> = history
            .operations("write")
            .filter(|op| op.is_ok() && writes_rows(request(op)))
            .filter_map(|op| Some((op.end?.seq, text(request(&op), "id"))))
            .collect();
        let wrong = history.operations("read").filter(Operation::is_ok).find_map(|read| {
            let rows = read.end?.output()["person"].as_array()?;
            let seen: BTreeSet<&str> = rows.iter().filter_map(Value::as_str).collect();
            let missed = |(end, id): &&(u64, &str)| {
                *end < read.invoke.seq && !seen.contains(format!("{id}.0").as_str())
            };
            done.iter().find(missed).map(|(end, id)| (read.invoke.seq, *end, *id))
        });
        Outcome::unless(wrong.map(|(read, end, id)| {
            Outcome::invalid(format!("#{read} reads no {id}, acknowledged at #{end}"), [end, read])
        }))
    })
}

/// A writer that has seen its operation published does not answer with a failure: the sender would retry.
pub(crate) fn a_good_write_is_not_refused() -> Check {
    Check::new("a_good_write_is_not_refused", |history| {
        let published: BTreeMap<&str, u64> = history
            .observed("engine.published")
            .map(|event| (event.text("operation"), event.seq))
            .collect();
        let wrong = history.operations("write").find_map(|op| {
            let refused = answers(&op).iter().filter(|answer| answer["status"] != 200);
            let operations = refused.filter_map(|answer| answer["body"]["operation"].as_str());
            let seq = operations.filter_map(|operation| published.get(operation)).next()?;
            Some((op.invoke.seq, *seq, text(request(&op), "id")))
        });
        Outcome::unless(wrong.map(|(op, seq, id)| {
            let why =
                format!("#{op} {id} was refused, although its writer had published it at #{seq}");
            Outcome::invalid(why, [op, seq])
        }))
    })
}

/// Every request gets a final answer.
pub(crate) fn every_request_is_answered() -> Check {
    Check::new("every_request_is_answered", |history| {
        // A sender that restarts sends the same requests again.
        let done: BTreeSet<&str> = history
            .operations("write")
            .filter(Operation::is_ok)
            .map(|op| text(request(&op), "id"))
            .collect();
        let open = history.operations("write").find(|op| !done.contains(text(request(op), "id")));
        Outcome::unless(open.map(|op| {
            let last = answers(&op).last().map_or(&Value::Null, |answer| &answer["body"]["error"]);
            let why = format!("{} is not done: {last}", text(request(&op), "id"));
            Outcome::invalid(why, [op.invoke.seq])
        }))
    })
    .priority(Priority::Medium)
}

/// The rows that a request deletes.
fn deleted(request: &Value) -> impl Iterator<Item = &str> {
    let lists = ["deleted", "rows"].into_iter().filter_map(|member| request[member].as_array());
    lists.flatten().filter_map(Value::as_str)
}

/// The rows of the graph as its senders know them: by table alike, id and value, and which ids are gone.
fn expected<'a>(history: &'a History<'_>) -> (BTreeMap<String, i64>, BTreeSet<&'a str>) {
    let (mut rows, mut unsure) = (BTreeMap::new(), BTreeSet::new());
    let done = history.operations("write").filter(Operation::is_ok);
    let done: BTreeSet<&str> = done.map(|op| text(request(&op), "id")).collect();
    let mut known = BTreeSet::new();
    for op in history.operations("write") {
        let request = request(&op);
        let id = text(request, "id");
        // A sender that restarts repeats its requests, which changes nothing.
        if !known.insert(id) {
            continue;
        }
        if !done.contains(id) {
            unsure.insert(id);
            continue;
        }
        let values = request["values"].as_array().map(Vec::as_slice).unwrap_or_default();
        let first = i64::from(text(request, "kind") == "branch_merge");
        for (number, value) in (first..).zip(values) {
            rows.insert(format!("{id}.{number}"), value.as_i64().unwrap_or_default());
        }
        match text(request, "kind") {
            "mutation" => drop(rows.insert(format!("{id}.0"), int(request, "value"))),
            "delete" | "branch_merge" => drop(rows.insert(format!("{id}.0"), 0)),
            _ => {}
        }
        let changed = request["changed"].as_array().map(Vec::as_slice).unwrap_or_default();
        for change in changed {
            rows.insert(text(change, "id").to_owned(), int(change, "value"));
        }
        for id in deleted(request) {
            rows.remove(id);
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
        let is_unsure = |id: &str| {
            let owner = id.rsplit_once('.').map_or(id, |(owner, _)| owner);
            unsure.contains(owner)
        };
        let wrong = TABLES.iter().find_map(|key| {
            let mut found: BTreeMap<&str, i64> = BTreeMap::new();
            for row in graph.rows(manifest.json, key) {
                let id = text(row, "id");
                if found.insert(id, int(row, "value")).is_some() {
                    return Some(format!("{key} has {id} twice"));
                }
                if !expected.contains_key(id) && !is_unsure(id) {
                    return Some(format!(
                        "{key} has {id}, which was never requested, or was deleted"
                    ));
                }
            }
            let differs = expected
                .iter()
                .find(|(id, value)| found.get(id.as_str()) != Some(value) && unsure.is_empty());
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
