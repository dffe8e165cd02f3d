//! Checks of what senders are told: an acknowledged request is done at that moment, and a done one is acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{Check, History, Operation, Outcome, Priority};
use serde_json::Value;

use super::{
    graph::{Graph, TABLES, int, text},
    requests::{Effect, answers, names_a_receipt, request, writes_rows},
};

/// When a sender is told that its request is done, the published graph has its schema, or has in each table the rows
/// that it adds and changes, and none that it deletes.
pub(crate) fn acknowledged_writes_are_published() -> Check {
    Check::new("acknowledged_writes_are_published", |history| {
        let graph = Graph::of(history);
        let mut known = BTreeSet::new();
        let wrong = history.operations("write").filter(Operation::is_ok).find_map(|op| {
            let (end, request) = (op.end?, request(&op));
            // A sender that restarts repeats requests that later ones have built upon.
            if !known.insert(text(request, "id")) {
                return None;
            }
            let manifest = graph.manifest_at(end.seq).map_or(&Value::Null, |found| found.json);
            if text(request, "kind") == "schema_apply" {
                let is_published = int(manifest, "schema") >= int(request, "version");
                return (!is_published).then(|| (op, "its schema".to_owned()));
            }
            let effect = Effect::of(request);
            let missing = |key: &&str| {
                let row = effect.first_missing(graph.rows(manifest, key))?;
                let is_meanwhile = is_touched_meanwhile(history, &op, &row);
                (!is_meanwhile).then(|| format!("{row} of {key}"))
            };
            let missing = TABLES.iter().find_map(missing).filter(|_| writes_rows(request))?;
            Some((op, missing))
        });
        Outcome::unless(wrong.map(|(op, what)| {
            let seq = op.end.map_or(op.invoke.seq, |end| end.seq);
            let why = format!(
                "#{seq} {} got the answer that {} is done, but it is not in the published graph; {what} is not as \
                 it asked for",
                op.invoke.host,
                text(request(&op), "id")
            );
            Outcome::invalid(why, [op.invoke.seq, seq])
        }))
    })
}

/// Whether another request concerns the same row while an operation lasts.
fn is_touched_meanwhile(history: &History, op: &Operation<'_>, row: &str) -> bool {
    let ends = |of: &Operation<'_>| of.end.map_or(u64::MAX, |end| end.seq);
    let id = text(request(op), "id");
    history.operations("write").any(|other| {
        let is_meanwhile = other.invoke.seq < ends(op) && op.invoke.seq < ends(&other);
        let is_other = text(request(&other), "id") != id;
        is_meanwhile && is_other && Effect::of(request(&other)).concerns(row)
    })
}

/// An acknowledged maintenance has done its work in each table that it concerns: all rows are indexed, or one fragment
/// is left. At the latest at the answer, that was so in the published graph; and it is so in what its operation wrote.
pub(crate) fn acknowledged_maintenance_is_done() -> Check {
    Check::new("acknowledged_maintenance_is_done", |history| {
        let graph = Graph::of(history);
        let wrong = history.operations("write").filter(Operation::is_ok).find_map(|op| {
            let (end, request) = (op.end?, request(&op));
            let kind = text(request, "kind");
            let is_indexed =
                |version: &Value| version["rows"].as_array().map(Vec::len) == Some(count(version));
            let is_compact = |version: &Value| int(version, "fragments") <= 1;
            let is_done = |version: &Value| match kind {
                "ensure_indices" => is_indexed(version),
                "optimize" => is_compact(version),
                _ => true,
            };
            let table = request["table"].as_str();
            let concerned = TABLES.iter().filter(|key| table.is_none_or(|table| table == **key));
            let during = graph.manifests_during(op.invoke.seq..end.seq);
            let is_undone = |key: &&&str| {
                let mut versions = during.iter().filter_map(|at| graph.version(at.json, key));
                !versions.any(|version| is_done(version.json))
            };
            let undone = concerned.into_iter().find(is_undone).map(|key| format!("tables/{key}"));
            let operation = answers(&op).last().map_or("", |last| text(&last["body"], "operation"));
            let is_half = |json: &Value| {
                let is_last = text(json, "operation") == operation && json["step"] == json["of"];
                let is_maintenance = matches!(kind, "ensure_indices" | "optimize");
                is_last && is_maintenance && !(is_done(json) && is_indexed(json))
            };
            let half = || graph.versions.iter().find(|(_, version)| is_half(version.json));
            let undone = undone.or_else(|| Some(half()?.0.0.clone()))?;
            Some((end.seq, text(request, "id"), kind, undone))
        });
        Outcome::unless(wrong.map(|(seq, id, kind, table)| {
            let why = format!("#{seq} answers that {kind} is done, but it is not; {id}, {table}");
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Medium)
}

/// How many rows of a version are indexed.
fn count(version: &Value) -> usize {
    usize::try_from(int(version, "indexed")).unwrap_or(usize::MAX)
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

/// Every request is done in the end, except for those that must be refused.
pub(crate) fn every_request_is_answered() -> Check {
    Check::new("every_request_is_answered", |history| {
        // A sender that restarts sends the same requests again.
        let is_final =
            |op: &Operation<'_>| op.is_ok() || (op.is_fail() && names_a_receipt(request(op)));
        let done: BTreeSet<&str> = history
            .operations("write")
            .filter(is_final)
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
