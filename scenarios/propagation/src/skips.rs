//! A provisioner that politely skips a resource has not changed it.

use chaosdrill::{Mark, Scenario};
use chaosdrill_target_propagation::Answer;

use crate::{
    checks,
    clients::customers,
    stage::{PropagationStage, applying, script, watched},
};

/// A skip reason that contains a secret, and is longer than the column.
const REASON: &str =
    "postgres-admin secret not found in postgres://admin:hunter2@db.internal/x?password=hunter2";

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/soft-refusals")
        .claim("an upgrade is marked as applied only if each resource was changed, or skipped for an accepted reason")
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
        .sometimes(checks::marks::a_retry_succeeded())
        .must_find(["P1", "P2", "P3", "P19", "P33", "P44"]);
    applying(scenario)
}
