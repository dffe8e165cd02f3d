//! The states of all notifications over time, for checks of what a request was told.

use std::collections::BTreeMap;

use chaosdrill::{History, Operation};
use serde_json::Value;

use crate::checks::rows::NOTIFICATIONS;

/// All notifications at one instant, by id.
pub(crate) type Table<'a> = BTreeMap<&'a str, &'a Value>;

/// Whether the table was as described at any instant from the start of an operation to its end.
pub(crate) fn held_during(
    history: &History,
    op: &Operation<'_>,
    is_so: impl Fn(&Table<'_>) -> bool,
) -> bool {
    let until = op.end.map_or(u64::MAX, |end| end.seq);
    let mut table = Table::new();
    for change in history.rows(NOTIFICATIONS) {
        if change.event.seq > until {
            break;
        }
        if change.event.seq > op.invoke.seq && is_so(&table) {
            return true;
        }
        let id = change.key.as_str().unwrap_or_default();
        match change.after {
            Some(row) => table.insert(id, row),
            None => table.remove(id),
        };
    }
    is_so(&table)
}

/// All notifications when this event happened.
pub(crate) fn at<'a>(history: &'a History<'_>, seq: u64) -> Table<'a> {
    let changes = history.rows(NOTIFICATIONS).into_iter();
    let mut table = Table::new();
    for change in changes.take_while(|change| change.event.seq < seq) {
        let id = change.key.as_str().unwrap_or_default();
        match change.after {
            Some(row) => table.insert(id, row),
            None => table.remove(id),
        };
    }
    table
}
