//! Marks of the outbox: what must have happened at least once for a drill to be meaningful.

use std::collections::BTreeSet;

use chaosdrill::{Event, EventKind, Mark, Operation, vocabulary::Strike};
pub(crate) use chaosdrill_scenarios_common::checks::marks::{a_host_went_down, a_link_was_cut};

fn count(items: impl Iterator) -> u64 {
    items.count() as u64
}

/// An answer was lost.
pub(crate) fn an_answer_was_lost() -> Mark {
    Mark::new("an answer was lost", |history| {
        count(history.of_kind(EventKind::Fault, Strike::LOST_ACK))
    })
}

/// A command was refused permanently.
pub(crate) fn a_command_was_refused() -> Mark {
    Mark::new("a command was refused", |history| {
        count(history.operations("command").filter(Operation::is_fail))
    })
}

/// An account could not be loaded.
pub(crate) fn an_account_could_not_be_loaded() -> Mark {
    Mark::new("an account could not be loaded", |history| {
        count(history.operations("show").filter(Operation::is_fail))
    })
}

/// A sender repeated a command.
pub(crate) fn a_command_was_sent_again() -> Mark {
    Mark::new("a command was sent again", |history| {
        let again = |event: &&Event| event.int("sending").unwrap_or_default() > 1;
        count(history.observed("sender.answered").filter(again))
    })
}

/// A writer was answered with a conflict.
pub(crate) fn a_racer_was_told_of_a_conflict() -> Mark {
    Mark::new("a racer was told of a conflict", |history| {
        let is_told = |event: &&Event| event.text("cause") == "concurrent_write";
        count(history.observed("sender.answered").filter(is_told))
    })
}

/// All racers but one got a conflict.
pub(crate) fn all_but_one_got_a_conflict(racers: usize) -> Mark {
    Mark::new("all but one got a conflict", move |history| {
        let is_told = |event: &&Event| event.text("cause") == "concurrent_write";
        let told = history.observed("sender.answered").filter(is_told);
        let told: BTreeSet<&str> = told.map(|event| event.text("command")).collect();
        u64::from(told.len() + 1 == racers)
    })
}

/// A sender was asked to come again, because others had their turn for too long.
pub(crate) fn a_sender_did_not_get_its_turn() -> Mark {
    Mark::new("a sender did not get its turn", |history| {
        let is_told = |event: &&Event| event.text("cause") == "lock";
        count(history.observed("sender.answered").filter(is_told))
    })
}

/// A command lost its turn, because it held it for too long.
pub(crate) fn a_turn_was_lost() -> Mark {
    Mark::new("a turn was lost", |history| {
        let is_lost = |event: &&Event| event.text("cause") == "lock_expired";
        count(history.observed("sender.answered").filter(is_lost))
    })
}

/// A release by a worker that no longer held the message was refused.
pub(crate) fn a_late_release_was_refused() -> Mark {
    Mark::new("a late release was refused", |history| {
        let is_release = |event: &&Event| event.text("outcome") == "released";
        count(history.observed("outbox.settle_refused").filter(is_release))
    })
}

/// A worker that no longer held a message was refused when it gave the message up.
pub(crate) fn a_late_failure_was_refused() -> Mark {
    Mark::new("a late failure was refused", |history| {
        let is_failure = |event: &&Event| event.text("outcome") == "failed";
        count(history.observed("outbox.settle_refused").filter(is_failure))
    })
}

/// A body that could not be read was refused.
pub(crate) fn a_malformed_body_was_refused() -> Mark {
    Mark::new("a malformed body was refused", |history| {
        let is_told = |event: &&Event| event.text("cause") == "malformed";
        count(history.observed("sender.answered").filter(is_told))
    })
}

/// A message was published by another host than its ingress.
pub(crate) fn a_dispatcher_published() -> Mark {
    Mark::new("a dispatcher published", |history| {
        let published = history.observed("outbox.published");
        count(published.filter(|event| event.host != "ingress"))
    })
}

/// A sender was told that an account is not there yet.
pub(crate) fn an_account_was_not_there() -> Mark {
    Mark::new("an account was not there yet", |history| {
        let is_told = |event: &&Event| event.text("cause") == "not_found";
        count(history.observed("sender.answered").filter(is_told))
    })
}

/// An ingress published a message that it had committed.
pub(crate) fn an_ingress_published() -> Mark {
    Mark::new("an ingress published", |history| {
        let published = history.observed("outbox.published");
        count(published.filter(|event| event.host == "ingress"))
    })
}

/// A dispatcher claimed more messages than a batch may have.
pub(crate) fn more_than_a_batch_was_claimed(batch: usize) -> Mark {
    Mark::new("more than a batch was claimed", move |history| {
        count(history.observed("outbox.claimed").skip(batch))
    })
}

/// An expired lease was taken over.
pub(crate) fn an_expired_lease_was_taken_over() -> Mark {
    Mark::new("an expired lease was taken over", |history| {
        count(
            history
                .observed("outbox.claimed")
                .filter(|event| event.get("lapsed").as_bool() == Some(true)),
        )
    })
}

/// More than two turns were granted in one queue.
pub(crate) fn several_took_turns() -> Mark {
    Mark::new("several took turns", |history| {
        let later = |event: &&Event| event.int("grant").unwrap_or_default() > 2;
        count(history.observed("queue.granted").filter(later))
    })
}

/// An account was loaded from a snapshot.
pub(crate) fn an_account_was_loaded_from_a_snapshot() -> Mark {
    Mark::new("an account was loaded from a snapshot", |history| {
        let from_snapshot = |event: &&Event| event.int("snapshot").unwrap_or_default() > 0;
        count(history.observed("store.hydrated").filter(from_snapshot))
    })
}

/// A history that is too long for one statement was imported.
pub(crate) fn a_long_history_was_taken_over() -> Mark {
    Mark::new("a long history was taken over", |history| {
        let is_long = |op: &Operation<'_>| {
            let events = &op.input()["action"]["import"]["events"];
            op.is_ok() && events.as_array().is_some_and(|events| events.len() > 10)
        };
        count(history.operations("command").filter(is_long))
    })
}
