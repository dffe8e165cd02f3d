//! A row that cannot be settled delays no other row of the same pick.

use chaosdrill::{
    Mark, Scenario,
    fault::{ErrorKind, Fault, at},
};
use chaosdrill_target_propagation::Answer;

use crate::{
    clients::customers,
    stage::{PropagationStage, applying, script, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/one-bad-row")
        .claim("a row that cannot be settled is left to its lease, and the rest of its batch is carried out")
        .topology(|stage| {
            let scripts = vec![script("flaky-", 2, Answer::Error)];
            watched(stage.pipeline(scripts)).client("customers", |workload| async move {
                let teams = ["flaky", "plain", "other", "flaky-too", "last"];
                customers(&workload, &teams, &["postgres"]).await
            })
        })
        .faults_drawn(|stream| {
            let hit = stream.between(1, 2) as u32;
            let fault: Fault = if stream.chance(1, 2) {
                at("fp:runner.after_dispatch").on_any().hit(hit).error(ErrorKind::Injected)
            } else {
                at("sql:propagation.retry").on_any().hit(hit).error(ErrorKind::Constraint)
            };
            vec![fault]
        })
        .sometimes(Mark::observed("runner.left"))
        .must_find(["P26b"]);
    applying(scenario)
}
