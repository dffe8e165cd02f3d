//! A row that kills every worker that dispatches it is given up in the end, and delays no other row.

use std::time::Duration;

use chaosdrill::rt::{net::TcpListener, observe, select};
use chaosdrill::{BoxError, Mark, Scenario};
use chaosdrill_scenarios_common::checks::bounds;
use chaosdrill_target_propagation::{run_worker, schedule::PICKS_MAX};

use crate::{
    checks,
    clients::{team_at, upgrade},
    stage::{ATTEMPTS_MAX, PropagationStage, resting_alone, watched, worker_config},
};

/// All leases, one after the other, with ticks in between.
const WITHIN: Duration = Duration::from_secs(3 * 60 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/poison-row")
        .claim("a row that crashes its runner at each dispatch is given up after twenty dispatches")
        .topology(|stage| {
            let stage = stage.api().supervised("w1", Duration::from_secs(1), worker);
            watched(stage).client("customers", |workload| async move {
                // A free team has no limits, so the backstop finds nothing to fix before the row exists.
                team_at(&workload, "poison", "free", &["postgres"]).await;
                upgrade(&workload, "poison-up", "poison", "pro").await;
                Ok(())
            })
        })
        .always(bounds::effects_stay_within_the_bound(
            "poison.struck",
            "machine",
            PICKS_MAX as usize,
        ))
        .sometimes(Mark::observed("poison.struck"))
        .sometimes(checks::marks::a_row_was_given_up())
        .sometimes(checks::marks::a_row_was_taken_over())
        .must_find(["P29", "P62"]);
    resting_alone(scenario, ATTEMPTS_MAX, WITHIN)
}

/// A worker whose machine crashes at each call of its provisioner.
async fn worker() -> Result<(), BoxError> {
    let mut config = worker_config("w1");
    config.provisioner = "w1:81".to_owned();
    // The backstop would crash too, over the row that was given up.
    config.reconcile = Duration::from_secs(7 * 24 * 60 * 60);
    select! {
        ended = run_worker(config) => ended,
        fallen = poison() => fallen,
    }
}

async fn poison() -> Result<(), BoxError> {
    let listener = TcpListener::bind("poison", "0.0.0.0:81").await?;
    listener.accept().await?;
    observe!("poison.struck", machine = "w1");
    Ok(())
}
