//! A success that the database refuses to store counts as a failure, and is not retried forever.

use std::time::Duration;

use chaosdrill::Scenario;

use crate::{
    checks,
    clients::{customer, team, upgrade},
    stage::{PropagationStage, resting, watched},
};

/// A lower ceiling than usual, so that rows reach it within minutes.
const ATTEMPTS_MAX: i64 = 3;

/// The waits up to that ceiling, plus some ticks and a takeover.
const WITHIN: Duration = Duration::from_secs(40 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/unsaved-success")
        .claim("if a constraint refuses the result of the provisioner, the row is given up at the attempt limit, with the reason")
        .topology(|stage| {
            let stage = stage.api().provisioner(vec![]).workers_with(&["w1", "w2"], ATTEMPTS_MAX);
            watched(stage).client("customers", |workload| async move {
                customer(&workload, "plain", &["postgres"]).await;
                // The provisioner's limit for `enterprise` does not fit into the pipeline's table.
                team(&workload, "vast", &["postgres", "redis"]).await;
                upgrade(&workload, "vast-up", "vast", "enterprise").await;
                Ok(())
            })
        })
        .sometimes(checks::marks::a_row_was_given_up())
        .must_find(["P15"]);
    resting(scenario, ATTEMPTS_MAX, WITHIN)
}
