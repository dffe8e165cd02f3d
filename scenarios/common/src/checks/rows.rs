//! Watched rows as checks read them, and the shape that says what they mean.

use std::collections::BTreeMap;

use chaosdrill::{History, RowChange};
use serde_json::Value;

/// A column as a whole number; 0 where it is none.
pub fn int(row: &Value, column: &str) -> i64 {
    row[column].as_i64().unwrap_or_default()
}

/// A column as text; empty where it is none.
pub fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

/// How one watched table tells of its items.
#[derive(Clone, Copy)]
pub struct Items {
    /// What a witness calls one of them.
    pub noun: &'static str,
    /// The name of the watch.
    pub watch: &'static str,
    /// The state of a row, by name.
    pub state: for<'a> fn(&'a Value) -> &'a str,
    /// States in which an item is at rest for good.
    pub terminal: &'static [&'static str],
}

impl Items {
    /// Whether the row is at rest for good.
    pub fn is_terminal(&self, row: &Value) -> bool {
        self.terminal.contains(&(self.state)(row))
    }
}

/// A change of a row that was there before, with the event that had brought that state.
pub struct Step<'a> {
    /// The event that had brought the state before.
    pub since: u64,
    /// The change itself.
    pub change: RowChange<'a>,
    /// The row before.
    pub before: &'a Value,
    /// The row after.
    pub after: &'a Value,
}

/// All changes of the rows of a watch that were there before and after.
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

/// The event that brought the last state of a row.
pub fn last_change(history: &History, watch: &str, key: &Value) -> Option<u64> {
    let changes = history.rows(watch).into_iter().filter(|change| change.key == key);
    changes.map(|change| change.event.seq).next_back()
}

/// Rows that are there at the end, each with its key.
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
