//! A row of an unknown kind is retried like any other, in case a roll-out is in progress, and given up like any other.

use std::time::Duration;

use chaosdrill::{Mark, Scenario};

use crate::{
    checks,
    clients::{customer, rest, team, upgrade_by},
    stage::{PropagationStage, resting, watched},
};

/// A lower ceiling than usual, so that rows reach it within minutes.
const ATTEMPTS_MAX: i64 = 3;

/// The waits up to that ceiling, plus some ticks and a takeover.
const WITHIN: Duration = Duration::from_secs(40 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/unknown-kinds")
        .claim("rows of unknown kinds are retried up to the limit, given up under a reason of their own, and delay no other row")
        .topology(|stage| {
            let stage = stage.api().provisioner(vec![]).workers_with(&["w1", "w2"], ATTEMPTS_MAX);
            watched(stage).client("customers", |workload| async move {
                let mut stream = workload.stream("kinds");
                team(&workload, "odd", &["postgres"]).await;
                for number in 0..workload.steps(3) {
                    // A kind that cannot be registered.
                    let kind = format!("chaos_unknown_kind_{:016x}", stream.between(0, u64::MAX - 1));
                    upgrade_by(&workload, format!("odd-{number}"), "odd", "pro", &kind).await;
                    customer(&workload, &format!("plain-{number}"), &["redis"]).await;
                    rest(&mut stream, 45).await;
                }
                upgrade_by(&workload, "garbage", "odd", "team", "garbage_kind_nobody_handles").await;
                Ok(())
            })
        })
        .sometimes(Mark::observed("metric.unknown_kind"))
        .sometimes(checks::marks::a_row_was_given_up())
        .must_find(["P4", "P5", "P6", "P8", "P32", "P43"]);
    resting(scenario, ATTEMPTS_MAX, WITHIN)
}
