//! Checks that what is written beside the state has content: the messages, and the errors.

use std::collections::BTreeMap;

use chaosdrill::{Check, Event, History, Outcome, Priority};
use serde_json::Value;

use crate::checks::rows::{EVENTS, INBOX, OUTBOX, int, is, is_burial, steps, text};

/// Every message has the type, the payload and the sender of the event that it announces.
pub(crate) fn messages_announce_their_events() -> Check {
    const SAME: [&str; 4] = ["event_type", "codec", "payload", "correlation_id"];
    Check::new("messages_announce_their_events", |history| {
        let rows = history.last_rows(EVENTS);
        let place = |row: &Value, id, sequence| (text(row, id).to_owned(), int(row, sequence));
        let events: BTreeMap<(String, i64), &Value> =
            rows.into_iter().map(|row| (place(row, "aggregate_id", "sequence"), row)).collect();
        let odd = history.rows(OUTBOX).into_iter().find_map(|change| {
            let message = change.after?;
            let event = events.get(&place(message, "source_id", "source_sequence"))?;
            let column = SAME.into_iter().find(|column| message[column] != event[column])?;
            Some((change, column, event))
        });
        Outcome::unless(odd.map(|(change, column, event)| {
            let seq = change.event.seq;
            let found = &change.after.unwrap_or(&Value::Null)[column];
            let why = format!(
                "#{seq} message {} has another {column} than its event; {found}, not {}",
                change.key, event[column]
            );
            Outcome::invalid(why, [seq])
        }))
    })
}

/// An attempt that fails, and a message that can never be applied, leave their whole error behind.
pub(crate) fn errors_are_stored_whole() -> Check {
    Check::new("errors_are_stored_whole", |history| {
        let odd = of_attempts(history).or_else(|| of_dead_messages(history));
        Outcome::unless(odd.map(|Odd { seq, of, stored, said }| {
            let error = said.map_or("no error at all", |event| event.text("error"));
            let why =
                format!("#{seq} the error of {of} is stored as {stored:?}, but it was {error:?}");
            Outcome::invalid(why, said.map(|event| event.seq).into_iter().chain([seq]))
        }))
    })
    .priority(Priority::Medium)
}

/// An error that is not stored as it was reported.
struct Odd<'a> {
    seq: u64,
    of: &'a Value,
    stored: &'a str,
    said: Option<&'a Event>,
}

fn of_attempts<'a>(history: &'a History<'_>) -> Option<Odd<'a>> {
    steps(history).into_iter().find_map(|step| {
        let has_failed = is(step.after, "pending") || is(step.after, "failed");
        if !is(step.before, "in_flight") || !has_failed || is_burial(step.after) {
            return None;
        }
        let change = step.change.event;
        let is_of_it =
            |said: &Event| said.host == change.host && said.get("message") == step.change.key;
        let said =
            last(history, &["outbox.publish_failed", "outbox.corrupt"], change.seq, is_of_it);
        let (stored, of) = (text(step.after, "last_error"), step.change.key);
        let is_whole = said.is_some_and(|said| said.text("error") == stored);
        (!is_whole).then_some(Odd { seq: change.seq, of, stored, said })
    })
}

fn of_dead_messages<'a>(history: &'a History<'_>) -> Option<Odd<'a>> {
    history.rows(INBOX).into_iter().find_map(|change| {
        let row = change.after.filter(|row| text(row, "outcome") == "dead")?;
        let is_of_it = |said: &Event| said.get("message") == change.key;
        let said = last(history, &["consumer.failed"], change.event.seq, is_of_it);
        let stored = text(row, "error");
        let is_whole = said.is_some_and(|said| said.text("error") == stored);
        (!is_whole).then_some(Odd { seq: change.event.seq, of: change.key, stored, said })
    })
}

/// The last of these observations before an event.
fn last<'a>(
    history: &'a History<'_>,
    names: &[&str],
    before: u64,
    is_it: impl Fn(&Event) -> bool,
) -> Option<&'a Event> {
    let all = names.iter().flat_map(|name| history.observed(name));
    all.filter(|event| event.seq < before && is_it(event)).max_by_key(|event| event.seq)
}
