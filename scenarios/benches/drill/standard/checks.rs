//! Checks of the standard drill.

use std::collections::BTreeSet;

use chaosdrill::{Check, History, Outcome};

fn distinct(history: &History, name: &'static str) -> BTreeSet<i64> {
    history.observed(name).filter_map(|event| event.int("message")).collect()
}

/// Only committed messages are delivered.
pub(super) fn only_what_was_committed_is_delivered() -> Check {
    Check::new("only_what_was_committed_is_delivered", |history| {
        let committed = distinct(history, "committed");
        let stray = distinct(history, "delivered").difference(&committed).next().copied();
        Outcome::unless(
            stray.map(|id| Outcome::invalid(format!("nobody committed message {id}"), [])),
        )
    })
}

/// Every message reaches the broker and is settled in the table.
pub(super) fn every_message_is_delivered_and_settled(messages: i64) -> Check {
    Check::new("every_message_is_delivered_and_settled", move |history| {
        let all = |name| distinct(history, name).len() as i64 == messages;
        if all("delivered") && all("settled") {
            Outcome::valid()
        } else {
            Outcome::invalid("not all are", [])
        }
    })
}
