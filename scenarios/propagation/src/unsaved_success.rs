//! A success that the database will not take is no success, and is not tried for ever.

use std::time::Duration;

use chaosdrill::Scenario;

use crate::{
    checks,
    clients::{customer, team, upgrade},
    stage::{PropagationStage, resting, watched},
};

/// A lower ceiling than usual, so that it is met within minutes.
const ATTEMPTS_MAX: i64 = 3;

/// Its waits, some ticks, and a takeover besides.
const WITHIN: Duration = Duration::from_secs(40 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/unsaved-success")
        .claim("where a constraint refuses what the provisioner did, the row is given up at the ceiling, with the reason")
        .topology(|stage| {
            let stage = stage.api().provisioner(vec![]).workers_with(&["w1", "w2"], ATTEMPTS_MAX);
            watched(stage).client("customers", |workload| async move {
                customer(&workload, "plain", &["postgres"]).await;
                // What the provisioner allows to an enterprise is more than the pipeline's table has room for.
                team(&workload, "vast", &["postgres", "redis"]).await;
                upgrade(&workload, "vast-up", "vast", "enterprise").await;
                Ok(())
            })
        })
        .sometimes(checks::marks::a_row_was_given_up());
    resting(scenario, ATTEMPTS_MAX, WITHIN)
}
