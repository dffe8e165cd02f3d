//! An engine that fails in the middle of a change leaves an intent behind if, and only if, something has moved.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{ErrorKind, at},
};

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-errors")
        .claim("the intent of a change that failed is taken back where nothing moved, and kept where something did")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                operator.apply(&config(&[("people", 2), ("places", 1)])).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let error = |site: &str, hit| at(site).on("a1").hit(hit).error(ErrorKind::Reset);
            let staging = error("store:put-if graphs/people.omni/staging/*.json", 1);
            let sidecar = |hit| error("store:delete __cluster/recoveries/*.json", hit);
            match stream.below(4) {
                // The first write of these two is the creation's.
                0 => vec![error("store:put-if graphs/people.omni/schema.json", 2)],
                1 => vec![error("store:put-if graphs/people.omni/manifest.json", 2)],
                // The creations delete two sidecars; the third is that of the change that failed.
                2 => vec![staging, sidecar(3)],
                _ => vec![sidecar(stream.between(1, 3) as u32)],
            }
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_command_said("schema_apply_failed"))
        .sometimes(marks::a_command_said("recovery_sidecar_kept"))
        .sometimes(marks::a_command_said("recovery_sidecar_cleanup_failed"));
    converging(scenario)
}
