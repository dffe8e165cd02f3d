//! The next apply adds what a ledger of an older release lacks, even if nothing else changes.

use chaosdrill::Scenario;

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/old-ledger")
        .claim("after the next apply the server serves graphs that an older release recorded without a profile")
        .topology(|stage| {
            let stage = stage.applier_with("old", |config| config.writes_profiles = false);
            stage.cluster().client("operator", |workload| async move {
                let old = Operator::new(&workload, "old").await;
                let wanted = config(&[("people", 1), ("places", 1)]);
                old.import(&[]).await;
                old.apply(&wanted).await;
                chaosdrill::rt::time::sleep(std::time::Duration::from_secs(10)).await;
                old.at("a1").apply(&wanted).await;
                Ok(())
            })
        })
        .sometimes(marks::a_server_put_aside("embedding_profile_missing"));
    converging(scenario.must_find(["G30"]))
}
