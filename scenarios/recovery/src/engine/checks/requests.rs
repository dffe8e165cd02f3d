//! What senders ask for, and what they are answered.

use std::collections::BTreeMap;

use chaosdrill::Operation;
use serde_json::Value;

use super::graph::{int, text};

/// The request of an operation.
pub(crate) fn request<'a>(op: &Operation<'a>) -> &'a Value {
    op.input()
}

/// The answers to all sendings of an operation.
pub(crate) fn answers<'a>(op: &Operation<'a>) -> &'a [Value] {
    let answers = op.end.and_then(|end| end.output()["answers"].as_array());
    answers.map(Vec::as_slice).unwrap_or_default()
}

/// Whether a request writes rows.
pub(crate) fn writes_rows(request: &Value) -> bool {
    matches!(text(request, "kind"), "mutation" | "delete" | "load" | "branch_merge")
}

/// Whether an id is that of a receipt.
pub(crate) fn is_receipt(id: &str) -> bool {
    id.ends_with(".0")
}

/// Whether a request would change or delete a receipt, which no request may.
pub(crate) fn names_a_receipt(request: &Value) -> bool {
    let named = changed(request).map(|change| text(change, "id")).chain(deleted(request));
    named.into_iter().any(is_receipt)
}

/// The rows that a request changes.
fn changed(request: &Value) -> impl Iterator<Item = &Value> {
    request["changed"].as_array().into_iter().flatten()
}

/// The ids of the rows that a request deletes.
fn deleted(request: &Value) -> impl Iterator<Item = &str> {
    let lists = ["deleted", "rows"].into_iter().filter_map(|member| request[member].as_array());
    lists.flatten().filter_map(Value::as_str)
}

/// What a request does to the rows of each table.
pub(crate) struct Effect<'a> {
    /// The rows that it adds or changes, by id, with their values.
    pub(crate) put: BTreeMap<String, i64>,
    /// The ids of the rows that it deletes.
    pub(crate) deleted: Vec<&'a str>,
}

impl<'a> Effect<'a> {
    pub(crate) fn of(request: &'a Value) -> Self {
        let (id, kind) = (text(request, "id"), text(request, "kind"));
        let mut put = BTreeMap::new();
        let first = i64::from(kind == "branch_merge");
        let values = request["values"].as_array().into_iter().flatten();
        for (number, value) in (first..).zip(values) {
            put.insert(format!("{id}.{number}"), value.as_i64().unwrap_or_default());
        }
        match kind {
            "mutation" => drop(put.insert(format!("{id}.0"), int(request, "value"))),
            "delete" | "branch_merge" => drop(put.insert(format!("{id}.0"), 0)),
            _ => {}
        }
        for change in changed(request) {
            put.insert(text(change, "id").to_owned(), int(change, "value"));
        }
        let deleted: Vec<&str> = deleted(request).collect();
        put.retain(|id, _| !deleted.contains(&id.as_str()));
        Self { put, deleted }
    }

    /// Whether it concerns a row.
    pub(crate) fn concerns(&self, id: &str) -> bool {
        self.put.contains_key(id) || self.deleted.contains(&id)
    }

    /// A row that is not as the request leaves it.
    pub(crate) fn first_missing(&self, rows: &[Value]) -> Option<String> {
        let found: BTreeMap<&str, i64> =
            rows.iter().map(|row| (text(row, "id"), int(row, "value"))).collect();
        let is_as_put = |(id, value): &(&String, &i64)| found.get(id.as_str()) == Some(*value);
        let unlike = self.put.iter().find(|row| !is_as_put(row)).map(|(id, _)| id.clone());
        let is_left = |id: &&&str| found.contains_key(**id);
        unlike.or_else(|| self.deleted.iter().find(is_left).map(|id| (*id).to_owned()))
    }
}
