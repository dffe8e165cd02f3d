//! A crash in any window between two steps that touch the outside world loses no notification, and causes none to be
//! sent forever.
//!
//! The seed draws which hit is struck, and whether the host restarts soon, late, or only at the end of the chaos.

use std::time::Duration;

use chaosdrill::{Scenario, Stream, fault::Restart};
use chaosdrill_scenarios_common::crash_window::{self, Window, place};

use crate::{
    checks,
    clients::{create_all, minutes, moods},
    stage::{NotificationStage, resting, watched},
};

const WINDOWS: [Window; 8] = [
    Window {
        name: "notification/crash-before-answer",
        claim: "a crash between storing a notification and answering leaves one notification, however often the request is repeated",
        strike: |stream| place("fp:api.before_answer", stream, 12).crash_before(back(stream)),
    },
    Window {
        name: "notification/crash-after-list",
        claim: "a server that crashes after its listing leaves every listed notification unchanged",
        strike: |stream| place("fp:sweep.after_list", stream, 6).crash_before(back(stream)),
    },
    Window {
        name: "notification/crash-after-claim",
        claim: "a notification that a server claimed but never sent is taken back, and sent by another server",
        strike: |stream| place("fp:delivery.after_claim", stream, 12).crash_before(back(stream)),
    },
    Window {
        name: "notification/crash-after-send",
        claim: "a delivery that was sent or refused but never stored counts as an attempt",
        strike: |stream| place("fp:delivery.after_send", stream, 12).crash_before(back(stream)),
    },
    Window {
        name: "notification/crash-after-success",
        claim: "a notification that was stored as sent before the crash is not sent again",
        strike: |stream| place("sql:notifications.sent", stream, 8).crash_after(back(stream)),
    },
    Window {
        name: "notification/crash-after-failure",
        claim: "a notification that was stored as failed before the crash is retried when it is due",
        strike: |stream| place("sql:notifications.failed", stream, 3).crash_after(back(stream)),
    },
    Window {
        name: "notification/crash-after-settle",
        claim: "a server that crashes between two notifications of its sweep loses neither",
        strike: |stream| place("fp:delivery.after_settle", stream, 12).crash_before(back(stream)),
    },
    Window {
        name: "notification/crash-after-accept",
        claim: "a notifier that crashes between delivering and answering is called again, within the budget",
        strike: |stream| place("fp:notifier.after_accept", stream, 8).crash_before(back(stream)),
    },
];

/// When the host restarts: before a claim is over, after it, or at the end of the chaos.
fn back(stream: &mut Stream) -> Restart {
    crash_window::back(stream, Duration::from_secs(200))
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    WINDOWS.iter().map(scenario).collect()
}

fn scenario(window: &'static Window) -> Scenario {
    let scenario = Scenario::new(window.name)
        .claim(window.claim)
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                let known = &["calm", "calm", "calm", "refused once"];
                let mut all =
                    vec!["refused thrice", "calm", "calm", "calm", "calm", "calm", "calm", "calm"];
                all.extend(moods(&workload, known, 6));
                create_all(&workload, "n", &all).await;
                minutes(5).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| vec![(window.strike)(stream)])
        .chaos_at_most(Duration::from_secs(20 * 60))
        .sometimes(checks::marks::a_host_went_down());
    resting(scenario, 0)
}
