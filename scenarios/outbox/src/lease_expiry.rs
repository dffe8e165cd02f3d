//! A dispatcher that stalls past its lease must neither lose the message nor settle it for another dispatcher.

use chaosdrill::{Mark, Scenario, Topology, fault::at};
use chaosdrill_target_outbox::DispatcherConfig;

use crate::{
    checks,
    stage::{OutboxStage, PAST_THE_LEASE, of_orders},
};

pub(crate) fn of_two_workers() -> Scenario {
    late("outbox/lease-expiry", OutboxStage::pipeline).claim(
        "a message whose holder stalls is published by another, and the late holder is fenced",
    )
}

/// Two processes with one name, as after a deployment that did not wait for the old process to end.
pub(crate) fn of_one_name() -> Scenario {
    fn hosts(stage: Topology) -> Topology {
        let same = |config: &mut DispatcherConfig| config.worker = "dispatcher".to_owned();
        let stage = stage.ingress("ingress").broker().consumer();
        stage.dispatcher("d1", same).dispatcher("d2", same)
    }
    late("outbox/lease-expiry-same-worker", hosts).claim(
        "an older attempt is fenced from a newer one, even if both belong to the same worker",
    )
}

fn late(name: &str, hosts: fn(Topology) -> Topology) -> Scenario {
    of_orders(name, hosts)
        .faults_drawn(|stream| {
            let site = if stream.chance(1, 2) {
                "fp:outbox.after_claim"
            } else {
                "fp:outbox.after_publish"
            };
            vec![at(site).on_any().hit(stream.between(1, 6) as u32).stall(PAST_THE_LEASE)]
        })
        .must_find(["O2", "O3", "O4", "O5"])
        .sometimes(Mark::observed("outbox.settle_refused"))
        .sometimes(checks::marks::an_expired_lease_was_taken_over())
}
