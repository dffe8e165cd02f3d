//! A failed listing must not be taken for an empty one.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{ErrorKind, Restart, at},
};

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/list-errors")
        .claim("while the store fails to list a graph, recovery neither writes its tombstone nor deletes an intent")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                operator.apply(&config(&[("people", 1)])).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let back = Restart::After(Duration::from_secs(stream.between(1, 60)));
            // The creation lists the graph once; the next listings are those of recovery.
            let site = match stream.below(2) {
                0 => "fp:cluster.before_graph_delete",
                _ => "store:delete graphs/places.omni/__manifest.json",
            };
            let begun = u32::from(site.starts_with("store"));
            let error = |hit| at("store:list graphs/places.omni").on("a1").hit(hit).error(ErrorKind::Reset);
            // The listing of the intents fails too, for a command that finds none and for one that finds one.
            let unlisted = |hit| {
                at("store:list __cluster/recoveries").on("a1").hit(hit).error(ErrorKind::Reset)
            };
            let crash = at(site).on("a1").crash_before(back);
            vec![unlisted(2), crash, unlisted(5), error(2 + begun), error(3 + begun)]
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_command_said("recovery_store_error"));
    converging(scenario.must_find(["G23", "G41", "G61"]))
}
