//! Of appliers that run at the same time, one writes the ledger, and the others start over.

use std::time::Duration;

use chaosdrill::rt::{task, time};
use chaosdrill::{Scenario, Topology, Workload};

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging, converging_without_the_lock},
};

const RACERS: [&str; 2] = ["a1", "a2"];

/// Longer than any command is slow.
const UNTIL_ALL_ARE_DONE: Duration = Duration::from_secs(10 * 60);

const ROUNDS: [&[(&str, u32)]; 4] = [
    &[("people", 1)],
    &[("people", 2), ("places", 1)],
    &[("people", 3), ("places", 1)],
    &[("people", 3), ("places", 2)],
];

pub(crate) fn with_the_lock() -> Scenario {
    let scenario = Scenario::new("recovery/racing-appliers")
        .claim("racing appliers take turns, and the cluster ends in the state that all of them request")
        .topology(|stage| race(RACERS.iter().fold(stage, |stage, name| stage.applier(name))))
        .sometimes(marks::a_command_said("locked"));
    converging(scenario)
}

pub(crate) fn without_the_lock() -> Scenario {
    let scenario = Scenario::new("recovery/racing-without-lock")
        .claim("appliers that race without a lock lose no write of the ledger, and the cluster ends in the state that all of them request")
        .topology(|stage| {
            race(RACERS.iter().fold(stage, |stage, name| {
                stage.applier_with(name, |config| config.locking = false)
            }))
        })
        .sometimes(marks::a_command_said("state_cas_mismatch"));
    converging_without_the_lock(scenario)
}

/// Both appliers get the same requests, round after round.
fn race(stage: Topology) -> Topology {
    stage.approver().server().watched().client("operator", run)
}

async fn run(workload: Workload) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let operator = Operator::new(&workload, "a1").await;
    operator.import(&[]).await;
    let mut last = config(&[]);
    for round in 0..2 * ROUNDS.len() {
        // Every other round changes only a query, so that only the ledger itself can conflict.
        let mut wanted = config(ROUNDS[round / 2]);
        for (id, graph) in wanted.graphs.iter_mut().filter(|_| round % 2 == 1) {
            graph.queries.insert("one".to_owned(), format!("query one {id} {round}"));
        }
        last = wanted.clone();
        let racers: Vec<_> = RACERS
            .iter()
            .map(|racer| {
                let (operator, wanted) =
                    (operator.at(racer).for_round(round as u64), wanted.clone());
                task::spawn(async move { operator.apply(&wanted).await })
            })
            .collect();
        for racer in racers {
            racer.await?;
        }
    }
    // A command that was slower than its operator's patience may still write its intent after all others are done. The
    // next command recovers what it leaves behind.
    time::sleep(UNTIL_ALL_ARE_DONE).await;
    operator.for_round(2 * ROUNDS.len() as u64).apply(&last).await;
    Ok(())
}
