//! A change that the engine rejects leaves nothing behind: no intent, and no quarantined graph.

use chaosdrill::Scenario;

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/rejected-change")
        .claim("a schema change that the engine rejects can be abandoned, and everything is served as before")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                // The new schema requires data that the rows do not have.
                operator.attempt(&config(&[("people", 4), ("places", 1)])).await;
                // The graph has an open branch.
                let branch = "graphs/places.omni/branches/trial.json";
                operator.write(branch, "{}").await;
                operator.attempt(&config(&[("people", 1), ("places", 2)])).await;
                operator.delete(branch).await;
                operator.apply(&config(&[("people", 2), ("places", 2)])).await;
                Ok(())
            })
        })
        .sometimes(marks::a_command_said("schema_rejected"));
    converging(scenario.must_find(["G10"]))
}
