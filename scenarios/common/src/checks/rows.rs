//! Reads watched rows, and describes what they mean to the shared checks.

use std::collections::BTreeMap;

use chaosdrill::{History, RowChange};
use serde_json::Value;

/// A column as an integer; 0 if it is not an integer.
pub fn int(row: &Value, column: &str) -> i64 {
    row[column].as_i64().unwrap_or_default()
}

/// A column as text; empty if it is not text.
pub fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

/// How a watched table represents items.
#[derive(Clone, Copy)]
pub struct Items {
    /// The name of one item in a witness.
    pub noun: &'static str,
    /// The name of the watch.
    pub watch: &'static str,
    /// The state of a row.
    pub state: for<'a> fn(&'a Value) -> &'a str,
    /// The terminal states.
    pub terminal: &'static [&'static str],
}

impl Items {
    /// Whether the row is in a terminal state.
    pub fn is_terminal(&self, row: &Value) -> bool {
        self.terminal.contains(&(self.state)(row))
    }
}

/// A change of an existing row, with the event that led to its previous state.
pub struct Step<'a> {
    /// The event that led to the previous state.
    pub since: u64,
    /// The change itself.
    pub change: RowChange<'a>,
    /// The row before.
    pub before: &'a Value,
    /// The row after.
    pub after: &'a Value,
}

/// All changes of rows of a watch that existed before and after the change.
pub fn steps<'a>(history: &'a History, watch: &'a str) -> Vec<Step<'a>> {
    let mut since: BTreeMap<String, u64> = BTreeMap::new();
    let mut steps = Vec::new();
    for change in history.rows(watch) {
        let earlier = since.insert(change.key.to_string(), change.event.seq);
        if let (Some(since), Some(before), Some(after)) = (earlier, change.before, change.after) {
            steps.push(Step { since, before, after, change });
        }
    }
    steps
}

/// The event that led to the last state of a row.
pub fn last_change(history: &History, watch: &str, key: &Value) -> Option<u64> {
    let changes = history.rows(watch).into_iter().filter(|change| change.key == key);
    changes.map(|change| change.event.seq).next_back()
}

/// The rows that exist at the end, each with its key.
pub fn last_rows_by_key<'a>(
    history: &'a History,
    watch: &'a str,
) -> BTreeMap<String, (&'a Value, &'a Value)> {
    let mut known = BTreeMap::new();
    for change in history.rows(watch) {
        match change.after {
            Some(row) => known.insert(change.key.to_string(), (change.key, row)),
            None => known.remove(&change.key.to_string()),
        };
    }
    known
}
