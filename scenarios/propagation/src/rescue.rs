//! A job whose worker died is rescued in time, and a job that is merely slow is left alone.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario,
    fault::{Restart, at},
};
use chaosdrill_target_propagation::Answer;

use crate::{
    checks,
    clients::customers,
    stage::{PropagationStage, applying, script, watched_jobs},
};

/// A rescue, a scan and a takeover.
const WITHIN: Duration = Duration::from_secs(60 * 60);

pub(crate) fn of_a_dead_worker() -> Scenario {
    let scenario = Scenario::new("propagation/rescue")
        .claim("a job whose worker is killed runs again within twenty-five minutes plus one scan interval")
        .topology(|stage| {
            let scripts = vec![script("slow-", 1, Answer::Slow(Duration::from_secs(90)))];
            watched_jobs(stage.pipeline(scripts)).client("customers", |workload| async move {
                customers(&workload, &["slow", "plain"], &["postgres"]).await
            })
        })
        .faults_drawn(|stream| {
            let site = stream.pick(&["fp:worker.after_claim", "sql:jobs.finish"]).copied();
            let back = match stream.below(3) {
                0 => Restart::After(Duration::from_secs(5)),
                1 => Restart::AtHeal,
                _ => Restart::Never,
            };
            let place = at(site.unwrap_or_default()).on_any().hit(stream.between(1, 4) as u32);
            vec![place.crash_before(back)]
        })
        .always(checks::jobs::stuck_jobs_are_rescued_in_time())
        .eventually(checks::jobs::every_job_comes_to_rest(), WITHIN)
        .sometimes(Mark::observed("job.rescued"))
        .must_find(["P9", "P40"]);
    applying(scenario)
}

pub(crate) fn of_a_slow_job() -> Scenario {
    let scenario = Scenario::new("propagation/slow-job")
        .claim("a job that takes nineteen minutes is not started by a second worker meanwhile")
        .topology(|stage| {
            let scripts = vec![script("slow-", 1, Answer::Slow(Duration::from_secs(285)))];
            watched_jobs(stage.pipeline(scripts)).client("customers", |workload| async move {
                customers(&workload, &["slow-1", "slow-2", "slow-3", "slow-4"], &["postgres"]).await
            })
        })
        .always(checks::jobs::stuck_jobs_are_rescued_in_time())
        .eventually(checks::jobs::every_job_comes_to_rest(), WITHIN)
        .sometimes(Mark::observed("job.ended"))
        .must_find(["P10"]);
    applying(scenario)
}
