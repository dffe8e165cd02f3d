//! A resource of a type that is in no list fails its propagation: it is not left out.

use std::time::Duration;

use chaosdrill::Scenario;

use crate::{
    checks,
    clients::customer,
    stage::{PropagationStage, resting, watched},
};

/// A lower ceiling than usual, so that rows are given up within minutes.
const ATTEMPTS_MAX: i64 = 3;

/// The waits up to that ceiling, plus some ticks and a takeover.
const WITHIN: Duration = Duration::from_secs(40 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/unknown-types")
        .claim("an upgrade of a team with a resource of an unknown type is given up, and all its other resources are at their tier")
        .topology(|stage| {
            let stage = stage.api().provisioner(vec![]).workers_with(&["w1", "w2"], ATTEMPTS_MAX);
            watched(stage).client("customers", |workload| async move {
                customer(&workload, "odd", &["graph", "postgres", "redis"]).await;
                // Nothing else fails this one.
                customer(&workload, "alone", &["graph", "queue"]).await;
                customer(&workload, "plain", &["postgres"]).await;
                Ok(())
            })
        })
        .sometimes(checks::marks::an_unknown_type_was_reported())
        .sometimes(checks::marks::a_row_was_given_up())
        .must_find(["P68"]);
    resting(scenario, ATTEMPTS_MAX, WITHIN)
}
