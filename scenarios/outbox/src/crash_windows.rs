//! A crash in any window between two steps that touch the outside world loses nothing and duplicates nothing.
//!
//! The windows are those of a commit and its publication, from the transaction to the consumer's receipt. The seed
//! draws which hit is struck, and whether the host restarts soon, late, or only at the end of the chaos.

use std::time::Duration;

use chaosdrill::{Scenario, Stream, fault::Restart};
use chaosdrill_scenarios_common::crash_window::{self, Window, place};

use crate::{
    checks,
    stage::{OutboxStage, of_orders},
};

/// The windows, each with the planted bugs that a crash in it must show.
const WINDOWS: [(Window, &[&str]); 8] = [
    (
        Window {
            name: "outbox/crash-before-commit",
            claim: "a crash before the commit leaves no trace of it, and the sender's next try succeeds",
            strike: |stream| place("sql:commit.commit", stream, 8).crash_before(back(stream)),
        },
        &[],
    ),
    (
        Window {
            name: "outbox/crash-after-commit",
            claim: "a crash after the commit and before its answer leaves one effect, however often the sender retries",
            strike: |stream| place("sql:commit.commit", stream, 8).crash_after(back(stream)),
        },
        &["O22"],
    ),
    (
        Window {
            name: "outbox/crash-before-answer",
            claim: "a crash between the commit and the answer to the sender leaves one effect and a message that is published",
            strike: |stream| {
                place("fp:ingress.before_answer", stream, 8).crash_before(back(stream))
            },
        },
        &["O22"],
    ),
    (
        Window {
            name: "outbox/crash-after-claim",
            claim: "a message whose holder crashes before it publishes is published by another dispatcher after the lease ends",
            strike: |stream| place("fp:outbox.after_claim", stream, 6).crash_before(back(stream)),
        },
        &["O2"],
    ),
    (
        Window {
            name: "outbox/crash-after-publish",
            claim: "a message whose holder crashes before it settles is published again, and applied once",
            strike: |stream| place("fp:outbox.after_publish", stream, 6).crash_before(back(stream)),
        },
        &["O7", "O18b"],
    ),
    (
        Window {
            name: "outbox/crash-after-accept",
            claim: "a broker that crashes after it accepted a message delivers it when it is up again",
            strike: |stream| place("fp:broker.after_accept", stream, 6).crash_before(back(stream)),
        },
        &["O35"],
    ),
    (
        Window {
            name: "outbox/crash-after-settle",
            claim: "a dispatcher that crashes between two messages of its batch loses neither",
            strike: |stream| place("fp:outbox.after_settle", stream, 6).crash_before(back(stream)),
        },
        &["O2"],
    ),
    (
        Window {
            name: "outbox/crash-before-receipt",
            claim: "a consumer that crashes between its effect and its receipt has neither, and applies the message when it is delivered again",
            strike: |stream| {
                place("fp:consumer.after_effect", stream, 6).crash_before(back(stream))
            },
        },
        &["O18"],
    ),
];

/// When the host restarts: within the lease, after it, or at the end of the chaos.
fn back(stream: &mut Stream) -> Restart {
    crash_window::back(stream, Duration::from_secs(60))
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    WINDOWS.iter().map(scenario).collect()
}

fn scenario((window, must_find): &'static (Window, &[&str])) -> Scenario {
    of_orders(window.name, OutboxStage::pipeline)
        .claim(window.claim)
        .faults_drawn(|stream| vec![(window.strike)(stream)])
        .sometimes(checks::marks::a_host_went_down())
        .must_find(must_find.iter().copied())
}
