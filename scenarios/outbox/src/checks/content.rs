//! Checks that messages have the content of what they announce, at the outbox and at the broker.

use std::collections::BTreeMap;

use chaosdrill::{Check, Outcome};
use serde_json::{Value, json};

use crate::checks::rows::{ACCEPTED, EVENTS, OUTBOX, envelope, int, text};

/// The destination of all messages; an ingress has it by default.
const DESTINATION: &str = "accounts";

/// Every message has the type, the payload, the sender and the cause of the event that it announces, and a destination.
pub(crate) fn messages_announce_their_events() -> Check {
    const SAME: [(&str, &str); 8] = [
        ("event_type", "event_type"),
        ("codec", "codec"),
        ("codec_version", "event_version"),
        ("payload", "payload"),
        ("correlation_id", "correlation_id"),
        ("causation_id", "command_id"),
        ("source_type", "aggregate_type"),
        ("created_at", "recorded_at"),
    ];
    Check::new("messages_announce_their_events", |history| {
        let rows = history.last_rows(EVENTS);
        let place = |row: &Value, id, sequence| (text(row, id).to_owned(), int(row, sequence));
        let events: BTreeMap<(String, i64), &Value> =
            rows.into_iter().map(|row| (place(row, "aggregate_id", "sequence"), row)).collect();
        let odd = history.rows(OUTBOX).into_iter().find_map(|change| {
            let message = change.after?;
            let event = events.get(&place(message, "source_id", "source_sequence"))?;
            let metadata = json!({ "command": event["correlation_id"] }).to_string();
            let same = SAME.into_iter().map(|(column, of_event)| (column, event[of_event].clone()));
            let own = [("destination", json!(DESTINATION)), ("metadata", json!(metadata))];
            let (column, right) =
                same.chain(own).find(|(column, right)| message[column] != *right)?;
            let why = format!(
                "#{} message {} has another {column} than its event; {}, not {right}",
                change.event.seq, change.key, message[column]
            );
            Some(Outcome::invalid(why, [change.event.seq]))
        });
        Outcome::unless(odd)
    })
}

/// The broker gets every field of a message as it was committed, whether it accepts the message or not.
pub(crate) fn the_broker_gets_whole_messages() -> Check {
    const FIELDS: [&str; 12] = [
        "message_id",
        "event_type",
        "payload",
        "codec",
        "codec_version",
        "destination",
        "metadata",
        "source_type",
        "source_id",
        "source_sequence",
        "correlation_id",
        "causation_id",
    ];
    Check::new("the_broker_gets_whole_messages", |history| {
        let rows = history.last_rows(OUTBOX);
        let messages: BTreeMap<&str, &Value> =
            rows.into_iter().map(|row| (text(row, "message_id"), row)).collect();
        let odd = history.rows(ACCEPTED).into_iter().find_map(|change| {
            let envelope = envelope(change.after?);
            let message = messages.get(change.key.as_str()?).copied().unwrap_or(&Value::Null);
            let field = FIELDS.into_iter().find(|field| envelope[field] != message[field])?;
            let why = format!(
                "#{} the broker got message {} with another {field} than the outbox has; {}, not {}",
                change.event.seq, change.key, envelope[field], message[field]
            );
            Some(Outcome::invalid(why, [change.event.seq]))
        });
        Outcome::unless(odd)
    })
}
