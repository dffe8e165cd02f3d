//! If two runners read the queue at the same moment, only one of them gets a row.

use std::time::Duration;

use chaosdrill::{Mark, Scenario, fault::at};
use chaosdrill_target_propagation::Answer;

use crate::{
    clients::{customers, team, upgrade},
    stage::{PropagationStage, applying, script, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/racing-runners")
        .claim("a runner that is delayed between its read and its pick does not take rows that others took meanwhile")
        .topology(|stage| {
            let scripts = vec![script("", 1, Answer::Slow(Duration::from_secs(50)))];
            let stage = stage.api().provisioner(scripts).workers(&["w1", "w2", "w3"]);
            watched(stage).client("customers", |workload| async move {
                customers(&workload, &["ada", "bob"], &["postgres", "redis"]).await?;
                chaosdrill::rt::time::sleep(Duration::from_secs(200)).await;
                team(&workload, "cyd", &["postgres"]).await;
                upgrade(&workload, "cyd-up", "cyd", "pro").await;
                Ok(())
            })
        })
        // The hold is long enough for the job of the next period to read the queue too.
        .faults_drawn(|stream| {
            let mut hold = |hit| {
                let held = Duration::from_secs(stream.between(28, 60));
                at("sql:pick.begin").on_any().hit(hit).delay(held)
            };
            vec![hold(1), hold(2)]
        })
        .sometimes(Mark::observed("runner.picked"))
        .must_find(["P11"]);
    applying(scenario)
}
