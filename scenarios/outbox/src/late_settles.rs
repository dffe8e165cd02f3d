//! A holder that stalls past its lease must not settle the message, whether as published, as given back or as given up.
//! Each condition of the fence is needed by one of three settings.
//!
//! In two of them, a successor still holds the message when the first holder wakes: another worker, or a later attempt
//! of the same. In the third, nobody has taken the message over, and only the end of the lease speaks against it.

use std::time::Duration;

use chaosdrill::{
    BoxError, Mark, Scenario, Stream, Topology, Workload,
    fault::{Fault, at},
    rt::time,
};
use chaosdrill_target_outbox::{DispatcherConfig, Refusal};

use crate::{
    checks,
    checks::rows::{is, meaning},
    clients::{deposit, import, open, send},
    stage::{OutboxStage, delivering_unless, watched},
};

/// The lease of every claim.
const LEASE: Duration = Duration::from_secs(10);

/// How long the first holder of a message stalls: longer than its lease.
const LATE: Duration = Duration::from_secs(15);

/// How long its successor stalls: until the first holder is awake, and not until the end of its own lease.
const STILL_HELD: Duration = Duration::from_secs(7);

/// Each message comes when the one before is settled, so that its claims are known by their numbers.
const APART: Duration = Duration::from_secs(30);

/// The amount whose first publish is refused.
const REFUSED: i64 = 13;

pub(crate) fn of_two_workers() -> Scenario {
    late("outbox/late-settles", |stage| stage.dispatcher("d1", brief).dispatcher("d2", brief), contested)
        .claim("a holder that wakes after its lease settles nothing while another worker holds the message")
        .must_find(["O51"])
}

/// Two processes with one name, as after a deployment that did not wait for the old process to end.
pub(crate) fn of_one_name() -> Scenario {
    let same = |config: &mut DispatcherConfig| {
        brief(config);
        config.worker = "dispatcher".to_owned();
    };
    late(
        "outbox/late-settles-same-worker",
        move |stage| stage.dispatcher("d1", same).dispatcher("d2", same),
        contested,
    )
    .claim(
        "an older attempt settles nothing while a newer one of the same worker holds the message",
    )
    .must_find(["O49"])
}

pub(crate) fn of_one_worker() -> Scenario {
    late("outbox/late-settles-alone", |stage| stage.dispatcher("d1", brief), |stream| first_holders(stream).to_vec())
        .claim("a holder that wakes after its lease settles nothing, even if nobody has taken the message over")
        .must_find(["O50"])
}

fn brief(config: &mut DispatcherConfig) {
    config.lease = LEASE;
    config.request_timeout = Duration::from_secs(2);
}

fn late(
    name: &str,
    dispatchers: impl Fn(Topology) -> Topology + Send + Sync + 'static,
    faults: fn(&mut Stream) -> Vec<Fault>,
) -> Scenario {
    let scenario = Scenario::new(name)
        .topology(move |stage| {
            let refusals = [Refusal { payload_contains: REFUSED.to_string(), first: 1 }];
            let stage = stage.ingress("ingress").broker_refusing(&refusals).consumer();
            watched(dispatchers(stage)).client("sender", one_by_one)
        })
        .faults_drawn(faults)
        .sometimes(Mark::observed("outbox.settle_refused"))
        .sometimes(checks::marks::a_late_release_was_refused())
        .sometimes(checks::marks::a_late_failure_was_refused());
    delivering_unless(scenario, |row| is(row, "failed") && meaning(row).is_none())
}

/// A message that is published, one that is given back, and one that is given up.
async fn one_by_one(workload: Workload) -> Result<(), BoxError> {
    let commands = [
        open("a"),
        deposit("refused", "a", REFUSED),
        import("torn", &[("account.deposited", r#"{"amount":"#)]),
    ];
    let count = workload.steps(commands.len());
    for command in commands.iter().take(count) {
        send(&workload, "ingress:80", command).await;
        time::sleep(APART).await;
    }
    Ok(())
}

/// The first holder of each message stalls, before it publishes or before it settles.
fn first_holders(stream: &mut Stream) -> [Fault; 3] {
    const SITES: [&str; 2] = ["fp:outbox.after_claim", "fp:outbox.after_publish"];
    let published = stream.pick(&SITES).copied().unwrap_or(SITES[0]);
    // Each message is claimed twice: the first claim of the last one is the fifth.
    [(published, 1), ("fp:outbox.after_refusal", 1), ("fp:outbox.after_claim", 5)]
        .map(|(site, hit)| at(site).on_any().hit(hit).stall(LATE))
}

/// And so does its successor, so that it still holds the message when the first holder wakes.
fn contested(stream: &mut Stream) -> Vec<Fault> {
    let second =
        [2, 4, 6].map(|hit| at("fp:outbox.after_claim").on_any().hit(hit).stall(STILL_HELD));
    first_holders(stream).into_iter().chain(second).collect()
}
