//! A provisioner that does nothing, and says so politely, has done nothing.

use chaosdrill::{Mark, Scenario};
use chaosdrill_target_propagation::Answer;

use crate::{
    checks,
    clients::customers,
    stage::{PropagationStage, applying, script, watched},
};

/// What a provisioner says when it could not, with a secret in it, and longer than there is room for.
const REASON: &str =
    "postgres-admin secret not found in postgres://admin:hunter2@db.internal/x?password=hunter2";

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/soft-refusals")
        .claim("an upgrade is applied only where each resource was changed, or skipped for a good reason")
        .topology(|stage| {
            let skip = |reason: &str| Answer::Skip(reason.to_owned());
            let long = format!("resource not reachable: {} {REASON}", "x".repeat(960));
            let scripts = vec![
                script("silent-", 1, skip("")),
                script("secret-", 2, skip(REASON)),
                script("long-redis", 1, skip(&long)),
                script("gone-", 1, skip("namespace not found")),
                script("good-", 1, skip("already correct: pro")),
                script("old-", 1, skip("backend does not support regrades")),
                script("broken-mongodb", 2, Answer::Error),
            ];
            watched(stage.pipeline(scripts)).client("customers", |workload| async move {
                let teams = ["silent", "secret", "long", "gone", "good", "old", "broken"];
                customers(&workload, &teams, &["postgres", "redis", "mongodb"]).await
            })
        })
        .sometimes(Mark::observed("metric.unexpected_skip"))
        .sometimes(checks::marks::a_retry_succeeded());
    applying(scenario)
}
