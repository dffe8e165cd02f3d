//! Finished jobs are kept while their period may come up again, and not for ever.

use std::time::Duration;

use chaosdrill::Scenario;

use crate::{
    checks,
    clients::customers,
    stage::{PropagationStage, applying, watched_jobs},
};

/// Longer than finished jobs are kept, with a round of the job that deletes them.
const LONG: Duration = Duration::from_secs(80 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/old-jobs")
        .claim("a job that is over is forgotten after an hour, and not before")
        .topology(|stage| {
            watched_jobs(stage.pipeline(vec![])).client("customers", |workload| async move {
                customers(&workload, &["ada"], &["postgres"]).await
            })
        })
        .always(checks::jobs::finished_jobs_are_forgotten())
        .linger(LONG)
        .sometimes(checks::marks::a_job_was_forgotten())
        .must_find(["P41"]);
    applying(scenario)
}
