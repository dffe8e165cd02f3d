//! A row that always fails is given up after ten failures, on the full schedule, and no other row is given up.

use std::time::Duration;

use chaosdrill::Scenario;
use chaosdrill_target_propagation::{Answer, run_worker, schedule::until_dead_letter};

use crate::{
    checks::{self, backstop::PERIOD},
    clients::{customers, team, upgrade, upgrade_by},
    stage::{ATTEMPTS_MAX, PropagationStage, backed, script, watched, worker_config},
};

const TICK: Duration = Duration::from_secs(2 * 60);

pub(crate) fn scenario() -> Scenario {
    // Includes a tick for each retry, and work that is retried besides.
    let within = until_dead_letter() + Duration::from_secs(60 * 60);
    let scenario = Scenario::new("propagation/persistent-failure")
        .claim("a row that fails every time is given up at its tenth failure, a day and a third after the first")
        .topology(|stage| {
            let secret = "redis-auth secret not found".to_owned();
            let scripts = vec![
                script("refused-", u32::MAX, Answer::Skip(secret)),
                script("broken-", u32::MAX, Answer::Error),
                script("slow-to-start-", 3, Answer::Error),
            ];
            let stage = stage.api().provisioner(scripts).host("w1", || {
                let mut config = worker_config("w1");
                // Most ticks in such a long time find no work.
                config.tick = TICK;
                run_worker(config)
            });
            watched(stage).client("customers", |workload| async move {
                let teams = ["refused", "broken", "slow-to-start", "plain"];
                customers(&workload, &teams, &["postgres"]).await?;
                upgrade_by(&workload, "odd-up", "plain", "team", "later_kind").await;
                team(&workload, "vast", &["postgres"]).await;
                upgrade(&workload, "vast-up", "vast", "enterprise").await;
                Ok(())
            })
        })
        .sometimes(checks::marks::a_row_was_given_up())
        .sometimes(checks::marks::a_retry_succeeded())
        .must_find(["P7", "P17", "P17b", "P18", "P61"]);
    backed(scenario, ATTEMPTS_MAX, within, PERIOD + TICK)
}
