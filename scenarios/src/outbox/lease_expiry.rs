//! A dispatcher that stalls past its lease must neither lose the message nor settle it for somebody else.

use std::time::Duration;

use chaosdrill::{Mark, Scenario, Topology, fault::at};

use crate::outbox::{
    checks,
    clients::{ORDERS, commit_orders},
    stage::{OutboxStage, delivering, watched},
};

/// Long enough for the lease of 30 s to end, and for somebody else to take over.
const PAST_THE_LEASE: Duration = Duration::from_secs(90);

pub(crate) fn of_two_workers() -> Scenario {
    late(
        "outbox/lease-expiry",
        "a message whose holder stalls is published by another, and the late holder is fenced",
        |stage| stage.dispatchers(&["d1", "d2"]),
    )
}

/// Two processes under one name, as after a deployment that did not wait for the old one to end.
pub(crate) fn of_one_name() -> Scenario {
    late(
        "outbox/lease-expiry-same-worker",
        "an older attempt is fenced from a newer one, even where both are the same worker",
        |stage| {
            let same = |config: &mut chaosdrill_target_outbox::DispatcherConfig| {
                config.worker = "dispatcher".to_owned();
            };
            stage.dispatcher("d1", same).dispatcher("d2", same)
        },
    )
}

fn late(name: &str, claim: &str, dispatchers: fn(Topology) -> Topology) -> Scenario {
    let scenario = Scenario::new(name)
        .claim(claim)
        .topology(move |stage| {
            let stage = dispatchers(stage.ingress("ingress").broker().consumer());
            watched(stage).client("sender", |workload| async move {
                commit_orders(&workload, "ingress:80", &["a", "b"], ORDERS).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let site = if stream.chance(1, 2) {
                "fp:outbox.after_claim"
            } else {
                "fp:outbox.after_publish"
            };
            vec![at(site).on_any().hit(stream.between(1, 6) as u32).stall(PAST_THE_LEASE)]
        })
        .linger(Duration::from_secs(45))
        .sometimes(Mark::observed("outbox.settle_refused"))
        .sometimes(checks::marks::an_expired_lease_was_taken_over());
    delivering(scenario)
}
