//! An ingress publishes the messages of its own commits at once; dispatchers find what it could not publish.

use std::time::Duration;

use chaosdrill::{
    BoxError, Scenario, Topology, Workload,
    fault::{Restart, at},
    rt::task,
};
use chaosdrill_target_outbox::{DispatcherConfig, IngressConfig};

use crate::{
    checks,
    clients::{ORDERS, commit_orders, import, open, send},
    stage::{OutboxStage, delivering, outbox_url, watched},
};

/// So rarely do the dispatchers look for messages that none is theirs by chance.
const POLL: Duration = Duration::from_secs(60);

/// More accounts than commits that the publisher has and that may wait for it.
const BURST: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

pub(crate) fn at_once() -> Scenario {
    of_commits("outbox/publish-on-commit")
        .claim("all messages of a commit are published as soon as it is committed, without waiting for a poll")
        .sometimes(checks::marks::an_ingress_published())
        .must_find(["O33", "O69"])
}

pub(crate) fn after_a_crash() -> Scenario {
    of_commits("outbox/publish-on-commit-crash")
        .claim("a message whose ingress crashes after the commit, before it publishes, is published at the next poll")
        .faults_drawn(|stream| {
            let (hit, back) = (stream.between(1, 6) as u32, Duration::from_secs(stream.between(1, 60)));
            vec![at("fp:ingress.before_answer").on_any().hit(hit).crash_before(Restart::After(back))]
        })
        .sometimes(checks::marks::a_dispatcher_published())
        .must_find(["O34"])
}

pub(crate) fn of_a_burst() -> Scenario {
    let scenario = Scenario::new("outbox/publish-on-commit-burst")
        .claim("a commit that finds the queue of its publisher full does not wait, and its message is published at the next poll")
        .topology(|stage| {
            let stage = hosts(stage, |config| config.hints_max = 1);
            watched(stage).client("senders", burst)
        })
        // While the first publish is late, one commit waits for the publisher, and there is no room for more.
        .faults_drawn(|stream| {
            let late = Duration::from_millis(stream.between(1_500, 2_000));
            vec![at("net:bus.publish").on("ingress").hit(1).delay(late)]
        })
        .always(checks::delivery::commits_do_not_wait_for_their_publisher())
        .sometimes(checks::marks::an_ingress_published())
        .sometimes(checks::marks::a_dispatcher_published());
    delivering(scenario).must_find(["O60"])
}

fn of_commits(name: &str) -> Scenario {
    let scenario = Scenario::new(name)
        .topology(|stage| watched(hosts(stage, |_| {})).client("sender", commit))
        .always(checks::delivery::messages_are_published_on_commit());
    delivering(scenario)
}

/// Commits of one message each, and then one of several.
async fn commit(workload: Workload) -> Result<(), BoxError> {
    commit_orders(&workload, "ingress:80", &["a", "b"], ORDERS).await;
    let deposit = ("account.deposited", r#"{"amount":5}"#);
    let history = [("account.opened", r#"{"owner":"ada"}"#), deposit, deposit];
    send(&workload, "ingress:80", &import("c", &history)).await;
    Ok(())
}

/// Opens several accounts at the same moment.
async fn burst(workload: Workload) -> Result<(), BoxError> {
    let count = workload.steps(BURST.len());
    let senders = BURST.iter().take(count).map(|account| {
        let workload = workload.clone();
        task::spawn(async move { send(&workload, "ingress:80", &open(account)).await })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await?;
    }
    Ok(())
}

fn hosts(
    stage: Topology,
    configure: impl Fn(&mut IngressConfig) + Send + Sync + 'static,
) -> Topology {
    let stage = stage.ingress_with("ingress", move |config| {
        config.on_commit = Some(DispatcherConfig::on_commit("ingress", outbox_url(), "broker:80"));
        configure(config);
    });
    let rarely = |config: &mut DispatcherConfig| config.poll = POLL;
    stage.broker().consumer().dispatcher("d1", rarely)
}
