//! An unexpected live schema is neither adopted nor overwritten.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{Restart, at},
};
use chaosdrill_target_recovery::{
    cluster::{
        Config,
        graph::{EngineError, Graph, Live, Opening},
        ledger,
        model::schema_address,
    },
    files::Files,
    ulid,
};

use super::{
    checks::marks,
    operator::{Operator, config, source_of},
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/unexpected-schema")
        .claim("a graph whose schema was changed outside the system is blocked until a person resolves it")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                let wanted = config(&[("people", 2), ("places", 1)]);
                operator.attempt_once(&wanted).await;
                operator.by_hand(|files| change(files, "name\nfax")).await;
                operator.attempt(&wanted).await;
                see_to_it(&operator, &wanted).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let back = Restart::After(Duration::from_secs(stream.between(1, 60)));
            vec![at("fp:cluster.before_schema_apply").on("a1").crash_before(back)]
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_command_said("actual_applied_state_pending"));
    converging(scenario.must_find(["G22", "G22b"]))
}

/// How often an operator restores the schema and looks again: a command that was given up may still be running.
const ROUNDS_MAX: u32 = 20;

/// An operator restores the schema that the ledger records, which is the old or the new one, applies the rest, and
/// verifies the result.
async fn see_to_it(operator: &Operator, wanted: &Config) {
    for _ in 0..ROUNDS_MAX {
        operator.by_hand(change_back).await;
        operator.apply(wanted).await;
        if is_as_recorded(operator.files()).await.unwrap_or(false) {
            return;
        }
    }
}

/// Changes the schema of `people` with the engine's own tools.
async fn change(files: Files, source: &str) -> Result<(), EngineError> {
    let graph = Graph::new(files, "people");
    let live = live(&graph).await?;
    graph.apply_schema(&live, source, &ulid::new()).await.map(|_| ())
}

async fn change_back(files: Files) -> Result<(), EngineError> {
    match recorded(&files).await?.as_deref().and_then(source_of) {
        Some(source) if !is_as_recorded(files.clone()).await? => change(files, source).await,
        _ => Ok(()),
    }
}

async fn is_as_recorded(files: Files) -> Result<bool, EngineError> {
    let recorded = recorded(&files).await?;
    Ok(recorded == Some(live(&Graph::new(files, "people")).await?.digest))
}

/// The digest that the ledger records.
async fn recorded(files: &Files) -> Result<Option<String>, EngineError> {
    let ledger = ledger::read(files).await;
    let ledger = ledger.map_err(|error| EngineError::Store(error.to_string()))?;
    Ok(ledger.state.digest_at(&schema_address("people")).map(str::to_owned))
}

async fn live(graph: &Graph) -> Result<Live, EngineError> {
    match graph.open_to_write().await {
        Opening::Live(live) => Ok(live),
        Opening::WontOpen(why) => Err(EngineError::WontOpen(why)),
        Opening::Unknown(error) => Err(EngineError::Store(error.to_string())),
    }
}
