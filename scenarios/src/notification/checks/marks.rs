//! What must have happened at least once, or the drill was about nothing.

use std::collections::BTreeSet;

use chaosdrill::{EventKind, History, Mark, Operation};

use crate::{
    checks::rows::Step,
    notification::checks::rows::{NOTIFICATIONS, is, steps},
};

fn count(items: impl Iterator) -> u64 {
    items.count() as u64
}

/// A notification came to have this status.
pub(crate) fn a_notification_became(status: &'static str) -> Mark {
    Mark::new(format!("a notification became {status}"), move |history| {
        let changes = history.rows(NOTIFICATIONS).into_iter();
        count(changes.filter(|change| change.after.is_some_and(|row| is(row, status))))
    })
}

/// An operator requeued a notification.
pub(crate) fn a_notification_was_requeued() -> Mark {
    Mark::new("a notification was requeued", |history| {
        let steps = steps(history).into_iter();
        count(steps.filter(|step| is(step.after, "pending") && !is(step.before, "pending")))
    })
}

/// An operator requeued a notification while a server stood still.
pub(crate) fn a_requeue_fell_into_a_stall() -> Mark {
    Mark::new("a requeue fell into a stall", |history| {
        let requeued = |step: &Step<'_>| is(step.after, "pending") && !is(step.before, "pending");
        let requeues = steps(history).into_iter().filter(requeued);
        count(requeues.filter(|step| a_server_stands_still(history, step.change.event.seq)))
    })
}

/// Whether a host is stalled as this event happens.
fn a_server_stands_still(history: &History, seq: u64) -> bool {
    let mut still = BTreeSet::new();
    for event in history.events().iter().take_while(|event| event.seq < seq) {
        match (event.kind, event.name.as_str()) {
            (EventKind::Host, "stalled") => still.insert(&event.host),
            (EventKind::Host, _) => still.remove(&event.host),
            _ => false,
        };
    }
    !still.is_empty()
}

/// An operator was told that a notification is not to be requeued.
pub(crate) fn a_requeue_was_refused() -> Mark {
    Mark::new("a requeue was refused", |history| {
        count(history.operations("requeue").filter(Operation::is_fail))
    })
}

/// A host crashed.
pub(crate) fn a_host_went_down() -> Mark {
    Mark::new("a host went down", |history| count(history.of_kind(EventKind::Host, "down")))
}

/// A link was cut.
pub(crate) fn a_link_was_cut() -> Mark {
    Mark::new("a link was cut", |history| count(history.of_kind(EventKind::Fault, "partition")))
}

/// The dashboard was shown without its counts.
pub(crate) fn the_dashboard_was_shown_without_counts() -> Mark {
    Mark::new("the dashboard was shown without counts", |history| {
        let without = |op: &Operation<'_>| {
            op.end.is_some_and(|end| end.get("output")["body"]["counts"].is_null())
        };
        count(history.operations("dashboard").filter(Operation::is_ok).filter(without))
    })
}

/// Something was delivered more than once.
pub(crate) fn a_notification_was_delivered_again() -> Mark {
    Mark::new("a notification was delivered again", |history| {
        let later = |event: &&chaosdrill::Event| event.int("attempt").unwrap_or_default() > 1;
        count(history.observed("notifier.accepted").filter(later))
    })
}
