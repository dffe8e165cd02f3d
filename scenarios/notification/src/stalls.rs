//! Servers stall in the middle of a sweep, or go away while they hold claims.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario,
    fault::{Restart, at},
};

use crate::{
    checks,
    clients::{create_all, minutes, moods},
    stage::{NotificationStage, resting, watched},
};

const SITES: [&str; 4] = [
    "fp:delivery.after_claim",
    "fp:delivery.after_send",
    "sql:notifications.sent",
    "sql:notifications.claim",
];

pub(crate) fn in_a_sweep() -> Scenario {
    let scenario = Scenario::new("notification/sweep-timeout")
        .claim("a sweep that stalls past its timeout is cancelled, its loop continues, and its late settle is refused")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                let known = &["calm", "refused once"];
                create_all(&workload, "n", &moods(&workload, known, 10)).await;
                minutes(10).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            // A whole host stalls, and a step is so late that the time of its sweep is over.
            let mut drawn = |from, to| {
                let site = stream.pick(&SITES).copied().unwrap_or(SITES[0]);
                let place = at(site).on_any().hit(stream.between(1, 6) as u32);
                (place, Duration::from_secs(stream.between(from, to)))
            };
            let ((stalled, stalls), (late, lasts)) = (drawn(30, 90), drawn(130, 300));
            vec![stalled.stall(stalls), late.delay(lasts)]
        })
        .chaos_at_most(Duration::from_secs(30 * 60))
        .sometimes(Mark::observed("claim.reaped"))
        .must_find(["N63"]);
    resting(scenario, 0)
}

pub(crate) fn stuck_claims() -> Scenario {
    let scenario = Scenario::new("notification/stuck-claim")
        .claim("notifications claimed by a server that never returns are taken back by the other server, and count as attempts")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                create_all(&workload, "n", &["calm"; 10]).await;
                minutes(20).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let site = stream.pick(&SITES[..3]).copied().unwrap_or(SITES[0]);
            let place = at(site).on_any().hit(stream.between(1, 8) as u32);
            vec![place.crash_before(Restart::Never)]
        })
        .chaos_at_most(Duration::from_secs(30 * 60))
        .sometimes(checks::marks::a_host_went_down())
        .sometimes(Mark::observed("claim.reaped"))
        .must_find(["N25"]);
    resting(scenario, 0)
}
