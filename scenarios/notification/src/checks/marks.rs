//! Marks of the notifications: what must have happened at least once for a drill to be meaningful.

use std::{collections::BTreeSet, time::Duration};

use chaosdrill::{Event, History, Mark, Operation, vocabulary::HostChange};
pub(crate) use chaosdrill_scenarios_common::checks::marks::{a_host_went_down, a_link_was_cut};
use chaosdrill_scenarios_common::checks::rows::Step;
use serde_json::Value;

use crate::checks::rows::{NOTIFICATIONS, is, steps};

fn count(items: impl Iterator) -> u64 {
    items.count() as u64
}

/// A notification reached this status.
pub(crate) fn a_notification_became(status: &'static str) -> Mark {
    Mark::new(format!("a notification became {status}"), move |history| {
        let changes = history.rows(NOTIFICATIONS).into_iter();
        count(changes.filter(|change| change.after.is_some_and(|row| is(row, status))))
    })
}

/// A notification was dead before the way down and after the way up.
pub(crate) fn a_dead_letter_went_all_the_ways() -> Mark {
    Mark::new("a dead letter went all the ways", |history| {
        let is_up = |row: &Value| !row["attempts"].is_null();
        let steps = steps(history).into_iter();
        count(
            steps.filter(|step| is(step.after, "dead") && !is_up(step.before) && is_up(step.after)),
        )
    })
}

/// An operator requeued a notification.
pub(crate) fn a_notification_was_requeued() -> Mark {
    Mark::new("a notification was requeued", |history| {
        let steps = steps(history).into_iter();
        count(steps.filter(|step| is(step.after, "pending") && !is(step.before, "pending")))
    })
}

/// An operator requeued a notification while a server was stalled.
pub(crate) fn a_requeue_fell_into_a_stall() -> Mark {
    Mark::new("a requeue fell into a stall", |history| {
        let requeued = |step: &Step<'_>| is(step.after, "pending") && !is(step.before, "pending");
        let requeues = steps(history).into_iter().filter(requeued);
        count(requeues.filter(|step| a_server_stands_still(history, step.change.event.seq)))
    })
}

/// Whether a host is stalled when this event happens.
fn a_server_stands_still(history: &History, seq: u64) -> bool {
    let mut still = BTreeSet::new();
    for event in history.events().iter().take_while(|event| event.seq < seq) {
        match event.host_change() {
            Some(HostChange::Stalled { .. }) => still.insert(&event.host),
            Some(_) => still.remove(&event.host),
            None => false,
        };
    }
    !still.is_empty()
}

/// A request for a notification was refused.
pub(crate) fn a_notification_was_refused() -> Mark {
    Mark::new("a request for a notification was refused", |history| {
        count(history.operations("create").filter(Operation::is_fail))
    })
}

/// An operator was shown dead letters.
pub(crate) fn a_list_of_dead_letters_was_shown() -> Mark {
    Mark::new("a list of dead letters was shown", |history| {
        let shows = |op: &Operation<'_>| {
            let rows = op.output()["body"]["notifications"].as_array();
            rows.is_some_and(|rows| rows.iter().any(|row| is(row, "dead")))
        };
        count(history.operations("list").filter(shows))
    })
}

/// The requeue of a notification was refused.
pub(crate) fn a_requeue_was_refused() -> Mark {
    Mark::new("a requeue was refused", |history| {
        count(history.operations("requeue").filter(Operation::is_fail))
    })
}

/// The dashboard was shown without counts.
pub(crate) fn the_dashboard_was_shown_without_counts() -> Mark {
    Mark::new("the dashboard was shown without counts", |history| {
        let without =
            |op: &Operation<'_>| op.end.is_some_and(|end| end.output()["body"]["counts"].is_null());
        count(history.operations("dashboard").filter(Operation::is_ok).filter(without))
    })
}

/// A notification was delivered more than once.
pub(crate) fn a_notification_was_delivered_again() -> Mark {
    Mark::new("a notification was delivered again", |history| {
        let later = |event: &&chaosdrill::Event| event.int("attempt").unwrap_or_default() > 1;
        count(history.observed("notifier.accepted").filter(later))
    })
}

/// A server began a sweep while another server was in a sweep of the same kind with rows still to send, so that both
/// had listed those rows.
pub(crate) fn two_servers_listed_the_same_rows() -> Mark {
    Mark::new("two servers listed the same rows", |history| {
        let kind = |event: &Event| event.text("sweep").split('/').next().map(str::to_owned);
        let is_of = |event: &Event, sweep: &Event| {
            event.host == sweep.host && event.text("sweep") == sweep.text("sweep")
        };
        let begun: Vec<&Event> = history.observed("sweep.begun").collect();
        let is_open = |sweep: &Event, at: &Event| {
            let mut later = history.observed("delivery.begun").filter(|event| event.seq > at.seq);
            let end = history
                .observed("sweep.ended")
                .find(|event| event.seq > sweep.seq && is_of(event, sweep));
            let end = end.map_or(u64::MAX, |end| end.seq);
            sweep.seq < at.seq && later.any(|event| event.seq < end && is_of(event, sweep))
        };
        let meets = |at: &&&Event| {
            let mut others = begun.iter().filter(|sweep| sweep.host != at.host);
            others.any(|sweep| kind(sweep) == kind(at) && is_open(sweep, at))
        };
        count(begun.iter().filter(meets))
    })
}

/// A server was drained in the middle of a sweep, and left the rest of its rows.
pub(crate) fn a_sweep_was_cut_short_by_a_shutdown() -> Mark {
    Mark::new("a sweep was cut short by a shutdown", |history| {
        let is_cut = |drained: &&Event| {
            let left = history.observed("sweep.left").filter(|left| left.host == drained.host);
            let last = left.filter(|left| left.seq < drained.seq).last();
            last.is_some_and(|left| drained.at().saturating_sub(left.at()) < AT_ONCE)
        };
        count(history.observed("server.drained").filter(is_cut))
    })
}

/// A server that shuts down reports at once what it leaves, and is drained when its loops have ended.
const AT_ONCE: Duration = Duration::from_secs(1);
