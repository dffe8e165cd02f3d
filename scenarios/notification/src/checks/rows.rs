//! Reads the rows of the notifications for their checks, and describes them to the shared checks.

use std::time::Duration;

use chaosdrill::{Check, Event, EventKind, History};
pub(crate) use chaosdrill_scenarios_common::checks::rows::{int, text};
use chaosdrill_scenarios_common::checks::{
    holders::{Holding, holders_do_not_overlap_within},
    rows::{Items, Step},
    schedule::{Schedule, retries_keep_the_schedule},
};
use serde_json::Value;

/// Rows of `notification_events`.
pub(crate) const NOTIFICATIONS: &str = "notifications";
/// Rows of the notifier's deliveries, by key.
pub(crate) const DELIVERIES: &str = "deliveries";

/// How the rows of `notification_events` represent items.
pub(crate) const ITEMS: Items = Items {
    noun: "notification",
    watch: NOTIFICATIONS,
    state: |row| text(row, "status"),
    terminal: &["sent", "read", "dead", "undeliverable"],
};

/// How long a claim is valid.
pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// A server that sends a notification, for as long as its claim is valid.
const SENDING: Holding = Holding {
    noun: "notification",
    begin: "delivery.begun",
    end: "delivery.ended",
    item: "notification",
    lease: Some(LEASE),
};

/// No two servers send one notification at once. A server that has settled it no longer holds it, even if the server
/// stalls before it reports so.
pub(crate) fn one_server_sends_at_a_time() -> Check {
    holders_do_not_overlap_within(SENDING, |history, begun| {
        let by_its_server = |event: &&Event| {
            event.kind == EventKind::Watch
                && event.name == NOTIFICATIONS
                && event.key() == begun.get(SENDING.item)
        };
        let settled = history.on_host(&begun.host).after(begun.seq).iter().filter(by_its_server);
        let settled = settled.filter(|event| !is(event.row(), "sending")).map(Event::at);
        let left = settled.map(|at| at.saturating_sub(begun.at())).next();
        [left, SENDING.lease].into_iter().flatten().min()
    })
}

/// A loop that sweeps.
pub(crate) const SWEEPING: Holding =
    Holding { noun: "the loop", begin: "sweep.begun", end: "sweep.ended", item: "of", lease: None };

/// Whether a row has this status.
pub(crate) fn is(row: &Value, status: &str) -> bool {
    text(row, "status") == status
}

/// Whether a change of a terminal state was requested: a notification is read, or an operator requeues one that was
/// given up.
pub(crate) fn is_asked_for(before: &Value, after: &Value) -> bool {
    let is_read = is(before, "sent") && is(after, "read");
    let was_given_up = is(before, "dead") || is(before, "undeliverable");
    is_read || (was_given_up && is(after, "pending"))
}

/// Changes of notifications.
pub(crate) fn steps<'a>(history: &'a History<'_>) -> Vec<Step<'a>> {
    chaosdrill_scenarios_common::checks::rows::steps(history, NOTIFICATIONS)
}

/// A second implementation of the schedule: 1, 2, 4, 8 minutes and so on, up to an hour.
pub(crate) fn schedule() -> Check {
    let wait_ms = |failed_before: i64| {
        let mut minutes = 1;
        for _ in 0..failed_before {
            minutes = (minutes * 2).min(60);
        }
        minutes * 60_000
    };
    let schedule = Schedule {
        attempts: "retry_count",
        tried_at: "failed_at",
        due_at: "next_retry_at",
        wait_ms,
    };
    retries_keep_the_schedule(ITEMS, schedule)
}
