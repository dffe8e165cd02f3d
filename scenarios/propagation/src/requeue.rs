//! A row that was given up starts again if, and only if, an operator requeues it.

use std::time::Duration;

use chaosdrill::{Scenario, fault::at};
use chaosdrill_target_propagation::Answer;

use crate::{
    checks,
    clients::{customers, requeue},
    stage::{PropagationStage, resting, script, watched},
};

/// A lower ceiling than usual, so that rows reach it within minutes.
const ATTEMPTS_MAX: i64 = 2;

/// The waits up to that ceiling twice, plus some ticks and a takeover.
const WITHIN: Duration = Duration::from_secs(40 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/operator-requeue")
        .claim("a row that an operator requeues gets all its attempts again, and each time it is given up is audited")
        .topology(|stage| {
            let scripts = vec![script("down-", 3, Answer::Error)];
            let stage = stage.api().provisioner(scripts).workers_with(&["w1", "w2"], ATTEMPTS_MAX);
            watched(stage)
                .client("customers", |workload| async move {
                    customers(&workload, &["down", "plain"], &["postgres"]).await
                })
                .client("operator", |workload| async move {
                    requeue(&workload, "down-up").await;
                    Ok(())
                })
        })
        .faults_drawn(|stream| {
            let hit = stream.between(1, 2) as u32;
            vec![
                at("sql:requeue.begin").on_any().hit(hit).lost_ack(),
                // The wish is stored, and its operator does not know it.
                at("sql:requeue.commit").on_any().hit(1).lost_ack(),
            ]
        })
        .chaos_at_most(Duration::from_secs(30 * 60))
        .sometimes(checks::marks::a_stored_wish_was_repeated())
        .sometimes(checks::marks::a_row_was_given_up())
        .sometimes(checks::marks::a_retry_succeeded())
        .must_find(["P47", "P65", "P67"]);
    resting(scenario, ATTEMPTS_MAX, WITHIN)
}
