//! A command that ends with an error acknowledges nothing, releases the lock, and can be repeated.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{ErrorKind, Restart, at},
};

use super::{
    checks::marks,
    operator::Operator,
    stage::{ClusterStage, converging},
};

/// The windows of a command and of the engine in it, each with the minimum number of its hits in the story.
const WINDOWS: [(&str, u64); 11] = [
    ("fp:cluster.before_graph_create", 3),
    ("fp:cluster.after_graph_create", 3),
    ("fp:cluster.before_schema_apply", 2),
    ("fp:cluster.after_schema_apply", 2),
    ("fp:cluster.before_graph_delete", 2),
    ("fp:cluster.after_graph_delete", 2),
    ("fp:cluster.after_payload_phase", 6),
    ("fp:cluster.before_state_write", 7),
    ("fp:engine.schema_apply.before_staging_write", 2),
    ("fp:engine.schema_apply.after_staging_write", 2),
    ("fp:engine.schema_apply.after_manifest_commit", 2),
];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/injected-errors")
        .claim("a command that fails has stored nothing, reports that, and leaves no lock")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                Operator::new(&workload, "a1").await.story().await;
                Ok(())
            })
        })
        // The errors come one after the other: the second may strike during recovery from the first.
        .faults_drawn(|stream| {
            let (site, hits) = WINDOWS[stream.below(WINDOWS.len() as u64) as usize];
            let hit = stream.between(1, hits) as u32;
            let first = at(site).on("a1").hit(hit).error(ErrorKind::Injected);
            let hit = stream.between(2, 7) as u32;
            let second = at("fp:cluster.before_state_write").on("a1").hit(hit);
            match stream.below(2) {
                0 => vec![first, second.error(ErrorKind::Injected)],
                _ => vec![first, second.crash_before(Restart::After(Duration::from_secs(5)))],
            }
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_command_said("injected_failpoint"))
        .sometimes(marks::a_command_said("cluster_recovery_rolled_forward"));
    converging(scenario.must_find(["G7b"]))
}
