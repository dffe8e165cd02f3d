//! Checks what happens to committed messages: published, accepted, delivered, applied.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chaosdrill::{Check, Event, EventKind, History, Operation, Outcome, Priority, RowChange};
use chaosdrill_scenarios_common::checks::{
    fault_free::where_only_hurt_at,
    outside::{self, Done},
};
use serde_json::Value;

use crate::checks::rows::{
    ACCEPTED, INBOX, OUTBOX, TOTALS, envelope, int, is, is_readable, meaning, text,
};

/// Every committed message is published.
pub(crate) fn every_committed_message_is_published() -> Check {
    published_unless(|_| false)
}

/// Every committed message is published, except for those that can never be.
pub(crate) fn published_unless(
    is_hopeless: impl Fn(&Value) -> bool + Send + Sync + 'static,
) -> Check {
    Check::new("every_committed_message_is_published", move |history| {
        let open = history
            .last_rows(OUTBOX)
            .into_iter()
            .find(|row| !is(row, "published") && !is_hopeless(row));
        Outcome::unless(open.map(|row| {
            let error = text(row, "last_error");
            let why = format!(
                "message {} is {} after {} attempts{}{error}",
                text(row, "message_id"),
                text(row, "status"),
                int(row, "attempts"),
                if error.is_empty() { "" } else { "; its last error is: " }
            );
            Outcome::invalid(why, last_change(history, text(row, "message_id")))
        }))
    })
}

/// The event that led to a message's last state.
fn last_change(history: &History, message: &str) -> Option<u64> {
    let changes = history.rows(OUTBOX).into_iter();
    changes
        .filter(|change| change.key.as_str() == Some(message))
        .map(|change| change.event.seq)
        .next_back()
}

/// The dispatcher of an ingress publishes a message at once, long before any other looks for it. Only messages from
/// before the first fault are judged.
pub(crate) fn messages_are_published_on_commit() -> Check {
    const AT_ONCE: Duration = Duration::from_secs(1);
    Check::new("messages_are_published_on_commit", |history| {
        let is_fault = |event: &&Event| event.kind == EventKind::Fault;
        let end = history.events().iter().find(is_fault).or(history.events().last());
        let Some(end) = end.map(Event::at) else { return Outcome::valid() };
        let changes = history.rows(OUTBOX);
        let committed = changes.iter().filter(|change| change.before.is_none());
        let late = committed.into_iter().find(|committed| {
            let due = committed.event.at().saturating_add(AT_ONCE);
            let is_published = changes.iter().any(|change| {
                change.key == committed.key
                    && change.event.at() <= due
                    && change.after.is_some_and(|row| is(row, "published"))
            });
            due < end && !is_published
        });
        Outcome::unless(late.map(|committed| {
            let seq = committed.event.seq;
            let why = format!(
                "#{seq} message {} was committed, and not published at once",
                committed.key
            );
            Outcome::invalid(why, [seq])
        }))
    })
}

/// Every message marked as published was accepted by the broker, according to the broker and not the outbox.
pub(crate) fn published_means_the_broker_accepted() -> Check {
    outside::done_means_accepted(Done {
        check: "published_means_the_broker_accepted",
        noun: "message",
        watch: OUTBOX,
        status: "published",
        observed: "broker.accepted",
        never: "the broker never accepted it",
    })
}

/// A message that cannot be read is not marked as published, and the broker never gets it.
pub(crate) fn unreadable_messages_are_never_published() -> Check {
    Check::new("unreadable_messages_are_never_published", |history| {
        let is_marked = |change: &RowChange<'_>| {
            change.after.is_some_and(|row| is(row, "published") && !is_readable(row))
        };
        let is_sent =
            |change: &RowChange<'_>| change.after.is_some_and(|row| !is_readable(&envelope(row)));
        let marked = history.rows(OUTBOX).into_iter().find(is_marked);
        let odd = marked.or_else(|| history.rows(ACCEPTED).into_iter().find(is_sent));
        Outcome::unless(odd.map(|change| {
            let seq = change.event.seq;
            let why = format!("#{seq} message {} cannot be read, and was published", change.key);
            Outcome::invalid(why, [seq])
        }))
    })
}

/// A command is answered as soon as it is committed, whatever its publisher does; judged if only publishes are late.
pub(crate) fn commits_do_not_wait_for_their_publisher() -> Check {
    const AT_ONCE: Duration = Duration::from_secs(1);
    let check = Check::new("commits_do_not_wait_for_their_publisher", |history| {
        let changes = history.rows(OUTBOX);
        for op in history.operations("command").filter(Operation::is_ok) {
            let id = text(op.input(), "id");
            let is_commit = |change: &&RowChange<'_>| {
                change.after.is_some_and(|row| text(row, "correlation_id") == id)
            };
            let Some((commit, end)) = changes.iter().find(is_commit).zip(op.end) else { continue };
            let waited = end.at().saturating_sub(commit.event.at());
            if waited > AT_ONCE {
                let (seq, waited) = (commit.event.seq, waited.as_millis());
                let why =
                    format!("#{seq} command {id} was committed, and answered {waited} ms later");
                return Outcome::invalid(why, [seq, end.seq]);
            }
        }
        Outcome::valid()
    });
    where_only_hurt_at(check, &["net:bus.publish"]).priority(Priority::Medium)
}

/// Every message reaches the consumer, or is dead-lettered with the reason.
pub(crate) fn every_row_is_delivered_or_dead_lettered() -> Check {
    Check::new("every_row_is_delivered_or_dead_lettered", |history| {
        let inbox = history.last_rows(INBOX);
        let received: BTreeSet<&str> = inbox.iter().map(|row| text(row, "message_id")).collect();
        let lost = history.last_rows(OUTBOX).into_iter().find(|row| {
            let is_put_aside = is(row, "failed") && !text(row, "last_error").is_empty();
            !is_put_aside && !received.contains(text(row, "message_id"))
        });
        Outcome::unless(lost.map(|row| {
            let message = text(row, "message_id");
            let why = format!(
                "message {message} is {} in the outbox, but the consumer has no receipt of it",
                text(row, "status")
            );
            Outcome::invalid(why, last_change(history, message))
        }))
    })
}

/// The consumer acknowledges every message that the broker accepted, so that it is not delivered forever.
pub(crate) fn every_accepted_message_is_acknowledged() -> Check {
    Check::new("every_accepted_message_is_acknowledged", |history| {
        let owed = history
            .last_rows(ACCEPTED)
            .into_iter()
            .find(|row| int(row, "accepted") > 0 && row["acknowledged_at"].is_null());
        Outcome::unless(owed.map(|row| {
            let message = text(row, "message_id");
            let why = format!("message {message} was accepted by the broker, but not acknowledged");
            Outcome::invalid(why, last_change(history, message))
        }))
    })
}

/// The consumer's totals equal the sum of the messages for which it has receipts, each counted once.
pub(crate) fn effects_happen_exactly_once() -> Check {
    Check::new("effects_happen_exactly_once", |history| {
        let messages = history.last_rows(OUTBOX);
        let by_id: BTreeMap<&str, &Value> =
            messages.iter().map(|row| (text(row, "message_id"), *row)).collect();
        let mut expected: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for receipt in
            history.last_rows(INBOX).into_iter().filter(|row| text(row, "outcome") == "applied")
        {
            let Some(message) = by_id.get(text(receipt, "message_id")) else {
                return Outcome::invalid(
                    format!(
                        "the consumer has a receipt of {}, which was not sent",
                        text(receipt, "message_id")
                    ),
                    [],
                );
            };
            let Some(meaning) = meaning(message) else { continue };
            let (total, applied) = expected.entry(text(message, "source_id")).or_default();
            *total += meaning.movement;
            *applied += 1;
        }
        let found = history.last_rows(TOTALS);
        let actual: BTreeMap<&str, (i64, i64)> = found
            .iter()
            .map(|row| (text(row, "account_id"), (int(row, "total"), int(row, "applied"))))
            .collect();
        let accounts: BTreeSet<&&str> = expected.keys().chain(actual.keys()).collect();
        let wrong = accounts.into_iter().find(|account| {
            expected.get(**account).copied().unwrap_or_default()
                != actual.get(**account).copied().unwrap_or_default()
        });
        Outcome::unless(wrong.map(|account| {
            let (total, applied) = actual.get(account).copied().unwrap_or_default();
            let (right_total, right_applied) = expected.get(account).copied().unwrap_or_default();
            let change = history.rows(TOTALS).into_iter().filter(|change| change.key.as_str() == Some(account)).map(|change| change.event.seq).next_back();
            let why = format!("account {account}: {applied} effects with a total of {total}, but the receipts are for {right_applied} with {right_total}");
            Outcome::invalid(why, change)
        }))
    })
}
