//! An engine error in the middle of a change leaves an intent behind if, and only if, something has moved.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{ErrorKind, Fault, at},
};

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-errors")
        .claim("the intent of a failed change is deleted if nothing changed, and kept if something did")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                for graphs in [
                    [("people", 1), ("places", 1)],
                    [("people", 2), ("places", 1)],
                    [("people", 2), ("places", 2)],
                    [("people", 3), ("places", 2)],
                ] {
                    operator.apply(&config(&graphs)).await;
                }
                Ok(())
            })
        })
        .faults_drawn(faults)
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_command_said("schema_apply_failed"))
        .sometimes(marks::a_command_said("recovery_sidecar_kept"))
        .sometimes(marks::a_command_said("recovery_sidecar_cleanup_failed"));
    converging(scenario.must_find(["G12", "G12b", "G13", "G60"]))
}

/// The change of one graph fails before anything has moved, and its intent cannot be deleted at once; the change of the
/// other is published, and its schema cannot be put in force. The seed draws which graph is which, and the exact sites.
fn faults(stream: &mut Stream) -> Vec<Fault> {
    let error = |site: String, hit| at(&site).on("a1").hit(hit).error(ErrorKind::Reset);
    // Each of the two creations deletes a sidecar. If the first change was committed, its recovery deletes another one.
    let (unmoved, moved, taken_back) = match stream.below(2) {
        0 => ("people", "places", 3),
        _ => ("places", "people", 4),
    };
    let early = match stream.below(2) {
        0 => error(format!("store:list graphs/{unmoved}.omni/tables/knows"), 1),
        _ => error(format!("store:put-if graphs/{unmoved}.omni/__recovery/*.json"), 1),
    };
    // The creation writes the schema first.
    let late = error(format!("store:put-if graphs/{moved}.omni/__schema/current.json"), 2);
    let sidecar = |hit| error("store:delete __cluster/recoveries/*.json".into(), hit);
    vec![early, late, sidecar(taken_back), sidecar(stream.between(5, 7) as u32)]
}
