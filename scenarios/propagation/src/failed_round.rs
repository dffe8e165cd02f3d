//! A round of the reconciler that fails is made up for by the next one.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario,
    fault::{ErrorKind, at},
    rt::time,
};
use chaosdrill_target_propagation::Answer;

use crate::{
    checks::backstop::{PERIOD, TICK},
    clients::team_at,
    stage::{ATTEMPTS_MAX, PropagationStage, backed, script, watched},
};

/// Five rounds, of which one fails.
const LONG: Duration = Duration::from_secs(5 * PERIOD.as_secs() + 60);

/// As long, for a team that is created when the faults are over, and a little more.
const WITHIN: Duration = Duration::from_secs(LONG.as_secs() + 10 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/failed-round")
        .claim(
            "after a round of the reconciler that failed, the next one asks for what has drifted",
        )
        .topology(|stage| {
            // Always refused, so that each round has something to ask for.
            let scripts = vec![script("broken-", u32::MAX, Answer::Error)];
            watched(stage.api().provisioner(scripts).workers(&["w1"])).client(
                "customers",
                |workload| async move {
                    team_at(&workload, "broken", "hobby", &["postgres"]).await;
                    time::sleep(LONG).await;
                    Ok(())
                },
            )
        })
        .faults_drawn(|stream| {
            let hit = stream.between(2, 4) as u32;
            vec![at("sql:resources.drifted").on("w1").hit(hit).error(ErrorKind::Full)]
        })
        .chaos_at_most(LONG * 2)
        .sometimes(Mark::observed("reconciler.failed"))
        .must_find(["P51"]);
    backed(scenario, ATTEMPTS_MAX, WITHIN, PERIOD + TICK)
}
