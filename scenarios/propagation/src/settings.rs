//! Settings from the environment are used, and a worker with a bad one does not start.

use std::{future::pending, time::Duration};

use chaosdrill::rt::observe;
use chaosdrill::{BoxError, Mark, Scenario};
use chaosdrill_target_propagation::{run_worker, settings::RUNNER_INTERVAL};

use crate::{
    checks,
    clients::customers,
    stage::{PropagationStage, applying, watched, worker_config},
};

/// The tick of the worker whose setting is good.
const TICK: Duration = Duration::from_secs(10);

/// The workers and their settings: only the first is good.
const WORKERS: [(&str, &str); 3] = [("w1", "10s"), ("w2", "soon"), ("w3", "0s")];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/settings")
        .claim("a worker ticks as its environment says, and refuses to start if it cannot understand it")
        .topology(|stage| {
            let stage = WORKERS.into_iter().fold(stage.api().provisioner(vec![]), |stage, (name, interval)| {
                stage.host(name, move || worker(name, interval))
            });
            watched(stage).client("customers", |workload| async move {
                customers(&workload, &["ada", "bob"], &["postgres"]).await
            })
        })
        .always(checks::settings::bad_settings_are_refused(&["w2", "w3"]))
        .always(checks::settings::runners_keep_their_tick(TICK))
        .linger(TICK * 6)
        .sometimes(Mark::observed(checks::settings::REFUSED))
        .must_find(["P49", "P50"]);
    applying(scenario)
}

/// A worker that takes its interval from its environment, and stays down if it is refused.
async fn worker(name: &str, interval: &str) -> Result<(), BoxError> {
    let variable = |asked: &str| (asked == RUNNER_INTERVAL).then(|| interval.to_owned());
    match worker_config(name).with_environment(variable) {
        Ok(config) => run_worker(config).await,
        Err(error) => {
            observe!(checks::settings::REFUSED, error = error.to_string());
            pending().await
        }
    }
}
