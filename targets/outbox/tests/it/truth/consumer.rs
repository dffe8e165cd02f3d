//! What the consumer did, and tried to do.

use std::collections::BTreeSet;

use chaosdrill_core::{Event, History};

use super::{int, text, witness};

/// What lies in the message itself.
const PERMANENT: [&str; 2] = ["275", "decode"];

/// What another try may not meet.
const TRANSIENT: [&str; 6] = ["40001", "40P01", "5", "13", "io", "pool"];

/// After one permanent failure a message is put aside, unless that failed too or the consumer went down.
pub(super) fn permanent_once(history: &History) -> Option<String> {
    let mut failed: BTreeSet<&str> = BTreeSet::new();
    for event in history.events() {
        match event.name.as_str() {
            "down" if event.host == "consumer" => failed.clear(),
            "consumer.give_up_failed" => {
                failed.remove(event.text("message"));
            }
            "consumer.failed"
                if PERMANENT.contains(&event.text("cause"))
                    && !failed.insert(event.text("message")) =>
            {
                return Some(witness("tried again", event));
            }
            _ => {}
        }
    }
    None
}

/// What is put aside has met a permanent error.
pub(super) fn transient_retried(history: &History) -> Option<String> {
    let fell_to = |message: &str| -> Option<&Event> {
        history.observed("consumer.failed").filter(|event| event.text("message") == message).last()
    };
    let wrongly = |row: &&serde_json::Value| {
        let last = fell_to(text(row, "message_id"));
        text(row, "outcome") == "dead"
            && last.is_some_and(|event| TRANSIENT.contains(&event.text("cause")))
    };
    history.last_rows("inbox").into_iter().find(wrongly).map(|row| format!("put aside: {row}"))
}

/// As many effects as receipts, and a receipt for each message the broker owes.
pub(super) fn effects_once(history: &History) -> Option<String> {
    let effects: i64 = history.last_rows("totals").iter().map(|row| int(row, "applied")).sum();
    let receipts = history.last_rows("inbox");
    let applied = receipts.iter().filter(|row| text(row, "outcome") == "applied").count();
    if effects != applied as i64 {
        return Some(format!("{effects} effects, {applied} receipts"));
    }
    let mut accepted = history.observed("broker.accepted");
    let has_receipt =
        |event: &Event| receipts.iter().any(|row| text(row, "message_id") == event.text("message"));
    accepted.find(|event| !has_receipt(event)).map(|event| witness("never received", event))
}
