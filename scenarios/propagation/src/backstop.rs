//! The reconciler is the backstop: what a propagation gave up, it brings to its tier as soon as the provisioner can.

use std::time::Duration;

use chaosdrill::{Mark, Scenario};
use chaosdrill_target_propagation::{Answer, run_worker};

use crate::{
    checks::{
        self,
        backstop::{self, PERIOD, TICK},
    },
    clients::{customers, team_at, upgrade},
    stage::{PropagationStage, backed, resting, script, watched, worker_config},
};

/// A lower ceiling than usual, so that rows are given up within minutes.
const ATTEMPTS_MAX: i64 = 2;

/// The waits up to that ceiling, three rounds of the reconciler, plus some ticks and a takeover.
const WITHIN: Duration = Duration::from_secs(40 * 60);

pub(crate) fn of_what_was_given_up() -> Scenario {
    let scenario = Scenario::new("propagation/backstop")
        .claim("after a row was given up and the provisioner has recovered, each resource is at its tier within five minutes and a tick")
        .topology(|stage| {
            let scripts = vec![
                // Both dispatches fail, and of some resources the next round too.
                script("down-", 2, Answer::Error),
                script("longer-", 3, Answer::Error),
                script("late-", 2, Answer::Slow(Duration::from_secs(6 * 60))),
                script("slow-", 3, Answer::Slow(Duration::from_secs(45))),
            ];
            let stage = stage.api().provisioner(scripts).workers_with(&["w1", "w2"], ATTEMPTS_MAX);
            watched(stage).client("customers", |workload| async move {
                for name in ["down", "longer"] {
                    // A free team has no limits, so that the first call is that of the propagation.
                    team_at(&workload, name, "free", &["postgres", "redis", "vector", "queue"]).await;
                    upgrade(&workload, format!("{name}-up"), name, "pro").await;
                }
                // No propagation: the reconciler alone sets the limits of a new team, and gives up slow calls.
                team_at(&workload, "slow", "hobby", &["mongodb"]).await;
                customers(&workload, &["plain"], &["postgres"]).await?;
                // Both dispatches are too late to be recorded, and not too late to be made.
                team_at(&workload, "late", "free", &["postgres"]).await;
                upgrade(&workload, "late-up", "late", "pro").await;
                Ok(())
            })
        })
        .eventually(backstop::every_resource_has_what_was_sold(), WITHIN)
        .sometimes(Mark::observed("reconciler.mended"))
        .sometimes(Mark::observed("reconciler.failed"))
        .sometimes(checks::marks::a_row_was_given_up())
        .must_find(["P34", "P37", "P38", "P42"]);
    resting(scenario, ATTEMPTS_MAX, WITHIN)
}

/// Fewer than there are resources that cannot be changed.
const BATCH: u32 = 2;

pub(crate) fn of_more_than_a_round() -> Scenario {
    let scenario = Scenario::new("propagation/backstop-turns")
        .claim("resources that the provisioner always refuses do not keep others out of the rounds of the reconciler")
        .topology(|stage| {
            let scripts = vec![script("broken-", u32::MAX, Answer::Error)];
            let stage = ["w1", "w2"].into_iter().fold(stage.api().provisioner(scripts), |stage, name| {
                stage.host(name, move || {
                    let mut config = worker_config(name);
                    config.reconcile_batch = BATCH;
                    run_worker(config)
                })
            });
            watched(stage).client("customers", |workload| async move {
                team_at(&workload, "broken", "hobby", &["postgres", "redis", "mongodb"]).await;
                team_at(&workload, "plain", "hobby", &["postgres", "redis"]).await;
                Ok(())
            })
        })
        .always(backstop::rounds_are_bounded(BATCH as usize))
        .sometimes(Mark::observed("reconciler.mended"))
        .must_find(["P36", "P54"]);
    // Five resources take three rounds.
    backed(scenario, ATTEMPTS_MAX, WITHIN, PERIOD * 3 + TICK)
}
