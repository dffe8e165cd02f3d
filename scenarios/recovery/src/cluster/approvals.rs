//! An approval is valid only for the change that was reviewed, and for one execution.

use chaosdrill::Scenario;
use serde_json::json;

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/approvals")
        .claim("an approval that was given for another configuration, or another state of the graph, is refused")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                let (one, other) = (config(&[("people", 1)]), config(&[("people", 2)]));
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                let mut stream = workload.stream("approvals");
                operator.approve("places", &json!(one)).await;
                if stream.below(2) == 0 {
                    // The graph has changed since the approval.
                    operator.apply(&config(&[("people", 1), ("places", 2)])).await;
                    operator.attempt(&one).await;
                    operator.apply(&one).await;
                } else {
                    // The configuration has changed since the approval.
                    operator.attempt(&other).await;
                    operator.apply(&other).await;
                }
                // This removal was not approved.
                operator.apply(&config(&[("people", 2), ("places", 1)])).await;
                operator.attempt(&other).await;
                operator.apply(&other).await;
                Ok(())
            })
        })
        .sometimes(marks::a_command_said("approval_stale"))
        .sometimes(marks::a_command_said("approval_required"));
    converging(scenario.must_find(["G20", "G20b"]))
}
