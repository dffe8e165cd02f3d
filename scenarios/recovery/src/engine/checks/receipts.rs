//! Checks of receipts, the rows by which a repeated request is known: they stay as they are.

use std::collections::BTreeMap;

use chaosdrill::{Check, Operation, Outcome};
use serde_json::Value;

use super::{
    graph::{Graph, int, text},
    requests::{is_receipt, names_a_receipt, request},
};

/// No version of a table lacks a receipt of the version that it was made from, or has it changed.
pub(crate) fn receipts_stay() -> Check {
    Check::new("receipts_stay", |history| {
        let graph = Graph::of(history);
        let rows = |json: &'_ Value| json["rows"].as_array().cloned().unwrap_or_default();
        let wrong = graph.versions.iter().find_map(|((path, _), version)| {
            let parent = graph.versions.get(&(path.clone(), int(version.json, "parent")))?;
            let (before, after) = (rows(parent.json), rows(version.json));
            if after.starts_with(&before) {
                return None;
            }
            let after: BTreeMap<&str, &Value> =
                after.iter().map(|row| (text(row, "id"), row)).collect();
            let mut receipts = before.iter().filter(|row| is_receipt(text(row, "id")));
            let gone = receipts.find(|row| after.get(text(row, "id")) != Some(row))?;
            Some((version.event.seq, format!("{path} lacks {}", text(gone, "id"))))
        });
        Outcome::unless(wrong.map(|(seq, what)| {
            Outcome::invalid(format!("#{seq} changes or deletes a receipt; {what}"), [seq])
        }))
    })
}

/// A request that would change or delete a receipt is not acknowledged.
pub(crate) fn requests_for_receipts_are_refused() -> Check {
    Check::new("requests_for_receipts_are_refused", |history| {
        let mut done = history.operations("write").filter(Operation::is_ok);
        let wrong = done.find(|op| names_a_receipt(request(op)));
        Outcome::unless(wrong.map(|op| {
            let seq = op.end.map_or(op.invoke.seq, |end| end.seq);
            let why = format!("#{seq} acknowledges a request that names a receipt");
            Outcome::invalid(why, [op.invoke.seq, seq])
        }))
    })
}
