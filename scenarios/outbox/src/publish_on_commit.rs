//! An ingress publishes the messages of its own commits at once; dispatchers find what it could not publish.

use std::time::Duration;

use chaosdrill::{
    Scenario, Topology,
    fault::{Restart, at},
};
use chaosdrill_target_outbox::DispatcherConfig;

use crate::{
    checks,
    stage::{OutboxStage, of_orders, outbox_url},
};

/// So rarely do the dispatchers look for messages that none is theirs by chance.
const POLL: Duration = Duration::from_secs(60);

pub(crate) fn at_once() -> Scenario {
    of_orders("outbox/publish-on-commit", hosts)
        .claim("a message is published as soon as it is committed, without waiting for a poll")
        .always(checks::delivery::messages_are_published_on_commit())
        .sometimes(checks::marks::an_ingress_published())
        .must_find(["O33"])
}

pub(crate) fn after_a_crash() -> Scenario {
    of_orders("outbox/publish-on-commit-crash", hosts)
        .claim("a message whose ingress crashes after the commit, before it publishes, is published at the next poll")
        .always(checks::delivery::messages_are_published_on_commit())
        .faults_drawn(|stream| {
            let (hit, back) = (stream.between(1, 6) as u32, Duration::from_secs(stream.between(1, 60)));
            vec![at("fp:ingress.before_answer").on_any().hit(hit).crash_before(Restart::After(back))]
        })
        .sometimes(checks::marks::a_dispatcher_published())
}

fn hosts(stage: Topology) -> Topology {
    let stage = stage.ingress_with("ingress", |config| {
        config.on_commit = Some(DispatcherConfig::on_commit("ingress", outbox_url(), "broker:80"));
    });
    let rarely = |config: &mut DispatcherConfig| config.poll = POLL;
    stage.broker().consumer().dispatcher("d1", rarely)
}
