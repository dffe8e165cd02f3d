//! During a roll-out, two releases of the worker work side by side: a kind that only the newer one knows is retried
//! until that one arrives, and is seen in the counters at once.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{BoxError, Mark, Scenario};
use chaosdrill_target_propagation::{Release, WorkerConfig, run_worker, run_worker_until};

use crate::{
    checks,
    clients::{customer, rest, team, upgrade_by},
    stage::{PropagationStage, applying, watched, worker_config},
};

/// When the newer release arrives, beside the older one.
const ARRIVES: Duration = Duration::from_secs(4 * 60);

/// When the last worker of the older release is replaced.
const REPLACED: Duration = Duration::from_secs(20 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/roll-out")
        .claim("rows of a kind that only the newer release knows are applied by it, before the attempts with the older one are used up")
        .topology(|stage| {
            let stage = stage.api().provisioner(vec![]).host("w1", replaced).host("w2", arriving);
            watched(stage).client("customers", |workload| async move {
                let mut stream = workload.stream("rests");
                for number in 0..workload.steps(3) {
                    let name = format!("trial-{number}");
                    team(&workload, &name, &["postgres", "redis"]).await;
                    upgrade_by(&workload, format!("{name}-up"), &name, "pro", "trial_end").await;
                    customer(&workload, &format!("plain-{number}"), &["postgres"]).await;
                    rest(&mut stream, 20).await;
                }
                Ok(())
            })
        })
        .sometimes(Mark::observed("metric.unknown_kind"))
        .sometimes(checks::marks::a_new_kind_was_applied())
        .must_find(["P5", "P6", "P25", "P43"]);
    applying(scenario)
}

/// A worker of the older release that is replaced at the end of the roll-out.
async fn replaced() -> Result<(), BoxError> {
    let config = worker_config("w1");
    let older = WorkerConfig { release: Release::Previous, ..config.clone() };
    run_worker_until(older, time::sleep(REPLACED)).await?;
    run_worker(config).await
}

/// A worker of the newer release that starts while the older one works.
async fn arriving() -> Result<(), BoxError> {
    time::sleep(ARRIVES).await;
    run_worker(worker_config("w2")).await
}
