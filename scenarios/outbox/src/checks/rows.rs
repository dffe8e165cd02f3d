//! Reads the rows and events of the outbox for its checks, with a reference model of their meaning.
//!
//! The reference is independent of the pipeline on purpose, so that a mistake in one is not repeated in the other.

use std::collections::BTreeMap;

use chaosdrill::{Event, History};
use chaosdrill_scenarios_common::checks::rows::{Items, Step};
pub(crate) use chaosdrill_scenarios_common::checks::rows::{int, text};
use serde_json::Value;

/// Rows of `outbox_messages`.
pub(crate) const OUTBOX: &str = "outbox";
/// How the rows of `outbox_messages` represent items.
pub(crate) const MESSAGES: Items = Items {
    noun: "message",
    watch: OUTBOX,
    state: |row| text(row, "status"),
    terminal: &["published", "failed"],
};

/// Changes of messages.
pub(crate) fn steps<'a>(history: &'a History<'_>) -> Vec<Step<'a>> {
    chaosdrill_scenarios_common::checks::rows::steps(history, OUTBOX)
}

/// Rows of `aggregate_events`.
pub(crate) const EVENTS: &str = "events";
/// Rows of `aggregate_snapshots`.
pub(crate) const SNAPSHOTS: &str = "snapshots";
/// Rows of `account_entries`, the part of the read model with its own limit.
pub(crate) const ENTRIES: &str = "entries";
/// Rows of `accounts`.
pub(crate) const ACCOUNTS: &str = "accounts";
/// Rows of `consumer_inbox`.
pub(crate) const INBOX: &str = "inbox";
/// Rows of `consumer_totals`.
pub(crate) const TOTALS: &str = "totals";

/// Rows of the broker's own `broker_messages`.
pub(crate) const ACCEPTED: &str = "accepted";

/// Whether a row of the outbox has this status.
pub(crate) fn is(row: &Value, status: &str) -> bool {
    text(row, "status") == status
}

/// Whether the outbox can read a message: what it carries is JSON.
pub(crate) fn is_readable(message: &Value) -> bool {
    text(message, "codec") == "json"
        && serde_json::from_str::<Value>(text(message, "payload")).is_ok()
}

/// What the broker got of a message, by the row on its disk.
pub(crate) fn envelope(accepted: &Value) -> Value {
    serde_json::from_str(text(accepted, "envelope")).unwrap_or_default()
}

/// Whether a message was given up because none of its attempts came to an end.
pub(crate) fn is_burial(row: &Value) -> bool {
    is(row, "failed") && text(row, "last_error").starts_with("given up")
}

/// The meaning of a known event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// Its change of the balance.
    pub(crate) movement: i64,
    /// The number of notes it adds.
    pub(crate) notes: i64,
    /// The owner it names.
    pub(crate) owner: Option<String>,
}

/// The meaning of an event's row; `None` if its type is unknown, or if its content does not match its type.
pub(crate) fn meaning(row: &Value) -> Option<Meaning> {
    if text(row, "codec") != "json" {
        return None;
    }
    let payload: Value = serde_json::from_str(text(row, "payload")).ok()?;
    let amount = || payload["amount"].as_i64();
    let moved = |movement| Meaning { movement, ..Meaning::default() };
    match text(row, "event_type") {
        "account.opened" => {
            let owner = Some(payload["owner"].as_str()?.to_owned());
            Some(Meaning { owner, ..Meaning::default() })
        }
        "account.deposited" => Some(moved(amount()?)),
        "account.withdrawn" => Some(moved(-amount()?)),
        "account.annotated" => {
            payload["note"].as_str().map(|_| Meaning { notes: 1, ..Meaning::default() })
        }
        _ => None,
    }
}

/// What is to be seen of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Its owner.
    pub(crate) owner: Option<String>,
    /// Its balance.
    pub(crate) balance: i64,
    notes: i64,
    last_activity: i64,
}

impl State {
    /// The state that an observation or an answer tells.
    pub(crate) fn told(said: &Value) -> Self {
        Self {
            owner: said["owner"].as_str().map(str::to_owned),
            balance: int(said, "balance"),
            notes: int(said, "notes"),
            last_activity: int(said, "last_activity"),
        }
    }
}

/// The fold of an account's events up to a version. `None` if one of them has no meaning, or is missing.
pub(crate) fn fold(history: &History, account: &str, version: i64) -> Option<State> {
    let mut rows = history.last_rows(EVENTS);
    rows.retain(|row| text(row, "aggregate_id") == account && int(row, "sequence") <= version);
    rows.sort_by_key(|row| int(row, "sequence"));
    let mut state = State::default();
    for row in &rows {
        let Meaning { movement, notes, owner } = meaning(row)?;
        state.balance = i64::saturating_add(state.balance, movement);
        state.notes += notes;
        state.owner = owner.or(state.owner);
        state.last_activity = int(row, "recorded_at");
    }
    (i64::try_from(rows.len()) == Ok(version)).then_some(state)
}

/// Observations by message, in the order of the history.
pub(crate) fn by_message<'a>(
    history: &'a History,
    name: &'a str,
) -> BTreeMap<&'a str, Vec<&'a Event>> {
    let mut found: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in history.observed(name) {
        found.entry(event.text("message")).or_default().push(event);
    }
    found
}
