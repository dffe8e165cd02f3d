//! Streams, commits, snapshots, and what the client was told.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_core::{Event, History};
use chaosdrill_target_outbox::event::Event as AccountEvent;
use serde_json::Value;

use super::{int, text, witness};

/// The stored events of each account, in order.
fn streams(history: &History) -> BTreeMap<&str, Vec<&Value>> {
    let mut streams: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for row in history.last_rows("events") {
        streams.entry(text(row, "aggregate_id")).or_default().push(row);
    }
    for stream in streams.values_mut() {
        stream.sort_by_key(|row| int(row, "sequence"));
    }
    streams
}

/// Every event has its message and its place in the read model, and nothing of what was refused is there.
pub(super) fn all_or_nothing(history: &History) -> Option<String> {
    let messages = history.last_rows("outbox");
    let accounts = history.last_rows("accounts");
    for (account, stream) in streams(history) {
        for event in &stream {
            let announces = |row: &&Value| {
                row["source_id"] == event["aggregate_id"]
                    && row["source_sequence"] == event["sequence"]
            };
            if messages.iter().filter(|row| announces(row)).count() != 1 {
                return Some(format!("not announced once: {event}"));
            }
            let refused = |answer: &&Event| {
                answer.get("command") == &event["correlation_id"]
                    && answer.int("status") == Some(422)
            };
            if let Some(answer) = history.observed("client.answered").find(refused) {
                return Some(witness("refused and committed", answer));
            }
        }
        let shown = accounts.iter().find(|row| text(row, "account_id") == account);
        if shown.is_some_and(|row| int(row, "version") != stream.len() as i64) {
            return Some(format!("the read model stands elsewhere: {shown:?}"));
        }
    }
    None
}

pub(super) fn one_racer(history: &History) -> Option<String> {
    let mut versions = BTreeMap::new();
    let mut commits = history.observed("store.committed");
    commits
        .find(|event| {
            let place = (event.text("account").to_owned(), event.int("version"));
            versions.insert(place, event.seq).is_some()
        })
        .map(|event| witness("a second commit of one version", event))
}

pub(super) fn gap_free(history: &History) -> Option<String> {
    for (account, stream) in streams(history) {
        let sequences: Vec<i64> = stream.iter().map(|row| int(row, "sequence")).collect();
        if !sequences.iter().copied().eq(1..=sequences.len() as i64) {
            return Some(format!("{account}: {sequences:?}"));
        }
    }
    None
}

pub(super) fn folds_every_event(history: &History) -> Option<String> {
    let mut hydrated = history.observed("store.hydrated");
    let sum = |event: &Event| Some(event.int("snapshot")? + event.int("folded")?);
    hydrated
        .find(|event| sum(event) < event.int("version"))
        .map(|event| witness("events were passed over", event))
}

/// On one host, an account's turn is granted when the one before is over, unless the host went down.
pub(super) fn follow_grants(history: &History) -> Option<String> {
    let mut held: BTreeSet<(&str, &str)> = BTreeSet::new();
    for event in history.events() {
        let place = (event.host.as_str(), event.text("account"));
        match event.name.as_str() {
            "down" => held.retain(|(host, _)| *host != event.host),
            "queue.granted" if !held.insert(place) => {
                return Some(witness("granted while another holds it", event));
            }
            "queue.released" => {
                held.remove(&place);
            }
            _ => {}
        }
    }
    None
}

/// What is loaded at a version is the sum of the events up to it.
pub(super) fn snapshots_transparent(history: &History) -> Option<String> {
    let streams = streams(history);
    let balance_at = |account: &str, version: i64| -> i64 {
        let stream = streams.get(account).map(Vec::as_slice).unwrap_or_default();
        let read = |row: &&Value| {
            AccountEvent::decode(text(row, "event_type"), text(row, "codec"), text(row, "payload"))
                .ok()
        };
        let events = stream.iter().filter(|row| int(row, "sequence") <= version);
        events.filter_map(read).map(|event| event.movement()).sum()
    };
    let drifted = |event: &&Event| {
        event.int("version").is_some_and(|version| {
            event.int("balance") != Some(balance_at(event.text("account"), version))
        })
    };
    history.observed("store.hydrated").find(drifted).map(|event| witness("it drifted", event))
}

pub(super) fn reload_equals_memory(history: &History) -> Option<String> {
    let mut states = BTreeMap::new();
    let names = ["store.committed", "store.hydrated"];
    let mut told = history.events().iter().filter(|event| names.contains(&event.name.as_str()));
    told.find(|event| {
        let state = ["balance", "notes", "last_activity"].map(|member| event.int(member));
        let place = (event.text("account").to_owned(), event.int("version"));
        *states.entry(place).or_insert(state) != state
    })
    .map(|event| witness("another state of the same version", event))
}

pub(super) fn one_command_one_effect(history: &History) -> Option<String> {
    let mut places = BTreeMap::new();
    let mut events = history.last_rows("events").into_iter();
    events
        .find(|row| {
            let command = text(row, "correlation_id");
            !command.starts_with("import") && places.insert(command.to_owned(), ()).is_some()
        })
        .map(|row| format!("a second effect: {row}"))
}

pub(super) fn status_follows_kind(history: &History) -> Option<String> {
    let at_odds = |event: &&Event| match event.text("kind") {
        "permanent" => event.int("status") != Some(422),
        "retryable" => event.int("status") != Some(503),
        _ => false,
    };
    history.observed("client.answered").find(at_odds).map(|event| witness("at odds", event))
}
