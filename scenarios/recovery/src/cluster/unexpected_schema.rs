//! An unexpected live schema is neither adopted nor overwritten.

use std::time::Duration;

use chaosdrill::{
    BoxError, Scenario,
    fault::{Restart, at},
};
use chaosdrill_target_recovery::{
    cluster::{
        Config,
        graph::{Graph, Live, Opening},
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
async fn change(files: Files, source: &str) -> Result<(), BoxError> {
    let graph = people(files);
    let live = live(&graph).await?;
    graph.apply_schema(&live, source, &ulid::new()).await?;
    Ok(())
}

async fn change_back(files: Files) -> Result<(), BoxError> {
    match recorded(&files).await?.as_deref().and_then(source_of) {
        Some(source) if !is_as_recorded(files.clone()).await? => change(files, source).await,
        _ => Ok(()),
    }
}

async fn is_as_recorded(files: Files) -> Result<bool, BoxError> {
    let recorded = recorded(&files).await?;
    Ok(recorded == Some(live(&people(files)).await?.digest))
}

/// The digest that the ledger records.
async fn recorded(files: &Files) -> Result<Option<String>, BoxError> {
    let ledger = ledger::read(files).await?;
    Ok(ledger.state.digest_at(&schema_address("people")).map(str::to_owned))
}

/// The graph, as the operator opens it.
fn people(files: Files) -> Graph {
    Graph::new(files, "people", "operator")
}

async fn live(graph: &Graph) -> Result<Live, BoxError> {
    match graph.open_to_write().await {
        Opening::Live(live) => Ok(live),
        Opening::WontOpen(why) | Opening::Unknown(why) => Err(why.into()),
    }
}
