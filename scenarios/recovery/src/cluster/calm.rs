//! Without faults the cluster applies every configuration: a test of the drill itself.

use chaosdrill::{Mark, Scenario};

use super::{
    operator::Operator,
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/cluster-calm")
        .claim(
            "graphs are created, changed and removed as operators request, and the ledger agrees",
        )
        .topology(|stage| {
            stage.cluster().questions(&["server"]).client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.story().await;
                operator.refresh().await;
                Ok(())
            })
        })
        .sometimes(Mark::observed("graph.created"))
        .sometimes(Mark::observed("graph.schema_applied"))
        .sometimes(Mark::observed("graph.removed"));
    converging(scenario.must_find(["G39", "G40", "G42", "G52"]))
}
