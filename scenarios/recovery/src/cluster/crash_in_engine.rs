//! A schema change that is interrupted inside the engine: sweep and engine recover together.
//!
//! The engine's steps come between the intent of the cluster and its ledger. The sweep opens the graph, the engine
//! publishes the change or takes it back, and only then can the sweep tell what became of the intent.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{ErrorKind, Fault, Restart, at},
};

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

const STAGED: &str = "fp:engine.schema_apply.after_staging_write";
const PUBLISHED: &str = "fp:engine.schema_apply.after_manifest_commit";

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/crash-in-engine")
        .claim("a schema change that is interrupted inside the engine is finished or taken back by the engine, and then recorded or made again")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                for version in 1..=3 {
                    operator.apply(&config(&[("people", version), ("places", 1)])).await;
                }
                Ok(())
            })
        })
        .faults_drawn(faults)
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_host_went_down())
        .sometimes(marks::the_engine_recovered_an_operation())
        .sometimes(marks::a_command_said("cluster_recovery_rolled_forward"))
        .sometimes(marks::a_command_said("recovery_sidecar_kept"));
    converging(scenario.must_find(["G58", "G59"]))
}

/// The applier crashes in the first change: before it is published, after it, or with one table moved of two. In the
/// next change the engine cannot put the schema in force at once.
fn faults(stream: &mut Stream) -> Vec<Fault> {
    // The creation of the graph writes the first version of the table.
    let (site, hit, late) = match stream.below(4) {
        0 => ("store:put-if graphs/people.omni/tables/person/*.json", 2, 2),
        1 => (STAGED, 1, 1),
        _ => (PUBLISHED, 1, 2),
    };
    let back = Restart::After(Duration::from_secs(stream.between(1, 60)));
    vec![
        at(site).on("a1").hit(hit).crash_before(back),
        at(PUBLISHED).on("a1").hit(late).error(ErrorKind::Injected),
    ]
}
