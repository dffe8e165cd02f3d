//! A dispatch that takes longer than its lease is cancelled, and a retry finds the effect that it had nevertheless.

use std::time::Duration;

use chaosdrill::Scenario;
use chaosdrill_target_propagation::Answer;

use crate::{
    checks,
    clients::customers,
    stage::{PropagationStage, applying, script, watched},
};

/// A minute longer than a dispatch may take.
const SLOW: Duration = Duration::from_secs(6 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/slow-dispatch")
        .claim("a dispatch that takes six minutes is cancelled after five and counts as failed, and a later one finds its effect")
        .topology(|stage| {
            let scripts = vec![
                script("slow-", 1, Answer::Slow(SLOW)),
                // Only one resource is slower: each cancelled call costs an attempt, and the time allows two.
                script("slower-postgres", 2, Answer::Slow(SLOW)),
                script("two-redis", 1, Answer::Slow(Duration::from_secs(200))),
                script("two-postgres", 1, Answer::Slow(Duration::from_secs(200))),
            ];
            watched(stage.pipeline(scripts)).client("customers", |workload| async move {
                let teams = ["slow", "plain", "slower", "two", "other"];
                customers(&workload, &teams, &["postgres", "redis"]).await
            })
        })
        .sometimes(checks::marks::a_dispatch_took_too_long())
        .sometimes(checks::marks::a_retry_succeeded())
        .must_find(["P63"]);
    applying(scenario)
}
