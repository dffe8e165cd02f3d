//! A runner that stalls past its lease neither loses the row nor settles it for another holder.

use std::time::Duration;

use chaosdrill::{Mark, Scenario, fault::at};
use chaosdrill_target_propagation::Answer;

use crate::{
    checks,
    clients::customers,
    stage::{PropagationStage, applying, script, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/late-holders")
        .claim(
            "a row whose holder stalls is carried out by another runner, and the late holder is refused",
        )
        .topology(|stage| {
            // A row that fails three times is still open when its first holder is back.
            let scripts =
                vec![script("shy-", 3, Answer::Error), script("flaky-", 1, Answer::Error)];
            watched(stage.pipeline(scripts)).client("customers", |workload| async move {
                let teams = ["shy-1", "shy-2", "shy-3", "shy-4", "flaky", "plain"];
                customers(&workload, &teams, &["postgres"]).await
            })
        })
        .faults_drawn(|stream| {
            let site = if stream.chance(1, 8) {
                "fp:runner.after_pick"
            } else {
                "fp:runner.after_dispatch"
            };
            // Mostly a row that is still open when its holder is back, at times one that is applied.
            let hit_max = if site == "fp:runner.after_pick" { 4 } else { 5 };
            let hit = if stream.chance(1, 6) { hit_max } else { stream.between(1, 4) as u32 };
            // The lease of the row ends first, and a tick of the other runner.
            let stalled = Duration::from_secs(stream.between(350, 700));
            vec![at(site).on_any().hit(hit).stall(stalled)]
        })
        .chaos_at_most(Duration::from_secs(30 * 60))
        .linger(Duration::from_secs(60))
        .sometimes(Mark::observed("runner.settle_refused"))
        .sometimes(checks::marks::a_row_was_taken_over())
        .must_find(["P20", "P20b"]);
    applying(scenario)
}
