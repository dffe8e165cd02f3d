//! Writes of the ledger by another writer during a command are not lost, and the command reports what is stored.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{Scenario, Workload, fault::at};
use chaosdrill_target_recovery::{cluster::ledger, ulid};

use super::{
    checks::marks,
    operator::Operator,
    stage::{ClusterStage, converging_without_the_lock},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/another-writer")
        .claim(
            "a ledger that changes during a command is not overwritten, and the command can be repeated",
        )
        .topology(|stage| {
            stage
                .cluster()
                .client("operator", |workload| async move {
                    Operator::new(&workload, "a1").await.story().await;
                    Ok(())
                })
                .client("hand", edit)
        })
        // The applier waits before each of these writes, and the other writer does not.
        .faults_drawn(|stream| {
            let mut hits: Vec<u32> = (0..4).map(|_| stream.between(1, 7) as u32).collect();
            hits.sort_unstable();
            hits.dedup();
            let delay = Duration::from_millis(stream.between(400, 1_500));
            hits.into_iter()
                .map(|hit| at("fp:cluster.before_state_write").on("a1").hit(hit).delay(delay))
                .collect()
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_command_said("state_cas_mismatch"));
    converging_without_the_lock(scenario.must_find(["G8", "G9"]))
}

/// Edits the ledger by hand, carefully: conditional on the version that was read, and one revision higher.
async fn edit(workload: Workload) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let operator = Operator::new(&workload, "a1").await;
    let files = operator.files();
    let mut stream = workload.stream("edits");
    let mut edits = 0;
    while edits < 40 {
        time::sleep(Duration::from_millis(stream.between(50, 400))).await;
        let Ok(Some(found)) = files.get(ledger::STATE).await else { continue };
        let Ok(mut state) = serde_json::from_slice::<serde_json::Value>(&found.bytes) else {
            continue;
        };
        state["state_revision"] = (state["state_revision"].as_i64().unwrap_or_default() + 1).into();
        state["written_by"] = ulid::new().into();
        // A refused write does not matter, because the edit has no other purpose than to write.
        let _ = files.put_over(ledger::STATE, state.to_string().as_bytes(), &found).await;
        edits += 1;
    }
    Ok(())
}
