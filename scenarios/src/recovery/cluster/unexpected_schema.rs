//! A live schema that nobody meant is not guessed about: it is neither adopted nor overwritten.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{Restart, at},
};
use chaosdrill_target_recovery::cluster::{
    files::Files,
    graph::{EngineError, Graph, Opening},
    ulid,
};

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/unexpected-schema")
        .claim("a graph whose schema was changed behind everybody's back is blocked until people have seen to it")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                let wanted = config(&[("people", 2), ("places", 1)]);
                operator.attempt_once(&wanted).await;
                operator.by_hand(|files| change(files, "name\nfax")).await;
                operator.attempt(&wanted).await;
                operator.by_hand(|files| change(files, "name")).await;
                operator.apply(&wanted).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let back = Restart::After(Duration::from_secs(stream.between(1, 60)));
            vec![at("fp:cluster.before_schema_apply").on("a1").crash_before(back)]
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_command_said("actual_applied_state_pending"));
    converging(scenario)
}

/// Somebody changes the schema of `people` with the engine's own tools.
async fn change(files: Files, source: &str) -> Result<(), EngineError> {
    let graph = Graph::new(files, "people");
    match graph.open_to_write().await {
        Opening::Live(live) => graph.apply_schema(&live, source, &ulid::new()).await.map(|_| ()),
        Opening::WontOpen(why) => Err(EngineError::WontOpen(why)),
        Opening::Unknown(error) => Err(EngineError::Store(error.to_string())),
    }
}
