//! Checks the order of notifications, and how long each waits.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill::{Check, Outcome, Priority};
use serde_json::Value;

use crate::checks::rows::{NOTIFICATIONS, int, is, text};

fn place(row: &Value) -> (i64, &str) {
    (int(row, "created_at"), text(row, "id"))
}

/// The notification that has waited longest is sent first.
pub(crate) fn oldest_first() -> Check {
    Check::new("oldest_first", |history| {
        let mut waiting: BTreeMap<(i64, &str), u64> = BTreeMap::new();
        for change in history.rows(NOTIFICATIONS) {
            let Some(row) = change.after else { continue };
            if is(row, "pending") {
                waiting.insert(place(row), change.event.seq);
                continue;
            }
            waiting.remove(&place(row));
            let oldest = waiting.first_key_value().filter(|(oldest, _)| **oldest < place(row));
            if let Some((oldest, since)) = oldest.filter(|_| is(row, "sending")) {
                let seq = change.event.seq;
                let why = format!(
                    "#{seq} notification {} was sent before {}, which had waited longer",
                    change.key, oldest.1
                );
                return Outcome::invalid(why, [*since, seq]);
            }
        }
        Outcome::valid()
    })
    .priority(Priority::Medium)
}

/// Every notification is begun within a limit, except for those that cannot be.
pub(crate) fn nobody_starves(within: Duration, but: &'static str) -> Check {
    Check::new("nobody_starves", move |history| {
        let mut waiting: BTreeMap<String, (u64, Duration)> = BTreeMap::new();
        let end = history.events().last().map(chaosdrill::Event::at).unwrap_or_default();
        for change in history.rows(NOTIFICATIONS) {
            let key = change.key.as_str().unwrap_or_default();
            let Some(row) = change.after.filter(|_| !key.starts_with(but)) else { continue };
            if is(row, "pending") {
                waiting.insert(key.to_owned(), (change.event.seq, change.event.at()));
            } else if let Some((since, from)) = waiting.remove(key) {
                let waited = change.event.at().saturating_sub(from);
                if waited > within {
                    let seq = change.event.seq;
                    let why =
                        format!("#{seq} notification {key} was started only after {waited:?}");
                    return Outcome::invalid(why, [since, seq]);
                }
            }
        }
        let starved = waiting.into_iter().find(|(_, (_, from))| end.saturating_sub(*from) > within);
        Outcome::unless(starved.map(|(key, (since, from))| {
            let waits = end.saturating_sub(from);
            let why = format!("notification {key} has waited for {waits:?} and is not started");
            Outcome::invalid(why, [since])
        }))
    })
    .priority(Priority::Medium)
}
