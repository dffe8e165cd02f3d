//! Leases and waits use one clock, however far the clocks of the workers are off.

use std::time::Duration;

use chaosdrill::{Scenario, fault::at_time};
use chaosdrill_target_propagation::Answer;

use crate::{
    checks,
    clients::customers,
    stage::{PropagationStage, applying, script, watched},
};

pub(crate) fn scenario() -> Scenario {
    let lasts = Duration::from_secs(60 * 60);
    let scenario = Scenario::new("propagation/clock-skew")
        .claim("workers whose clocks are ten minutes off hold leases as long, and retry as soon, as other workers")
        .topology(|stage| {
            let scripts = vec![
                script("slow-", 9, Answer::Slow(Duration::from_secs(80))),
                script("flaky-", 2, Answer::Error),
            ];
            watched(stage.pipeline(scripts)).client("customers", |workload| async move {
                customers(&workload, &["slow", "flaky", "plain"], &["postgres", "redis"]).await
            })
        })
        .faults_drawn(move |stream| {
            let mut skew = |host, is_behind| {
                let by = Duration::from_secs(stream.between(360, 600));
                at_time(Duration::from_millis(1)).skew(host, by, is_behind, lasts)
            };
            vec![skew("w1", true), skew("w2", false)]
        })
        .chaos_at_most(Duration::from_secs(20 * 60))
        .sometimes(checks::marks::a_retry_succeeded())
        .must_find(["P31"]);
    applying(scenario)
}
