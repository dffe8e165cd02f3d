//! Each of the four steps may fail, or may only appear to fail.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario, Stream,
    fault::{ErrorKind, Fault, at},
};
use chaosdrill_target_provisioning::ResourceType;

use crate::{
    checks,
    clients::{customer, provision, wish},
    stage::{ProvisioningStage, guarded, watched},
};

/// The steps, in order. Only caches have a prefix.
const STEPS: [&str; 4] = [
    "sql:resources.set_prefix",
    "sql:resources.set_url",
    "sql:resources.set_provider",
    "sql:resources.activate",
];

pub(crate) fn of_errors() -> Scenario {
    let scenario = Scenario::new("provisioning/finalize-steps")
        .must_find(["R1", "R2", "R4", "R5", "R24", "R24b", "R49"])
        .claim("if any step of the second phase fails, the object is deleted, the row fails, and the customer is asked to retry")
        .faults_drawn(|stream| {
            const KINDS: [ErrorKind; 4] =
                [ErrorKind::Busy, ErrorKind::Serialization, ErrorKind::Full, ErrorKind::Reset];
            let mut fault = |(step, site): (usize, &&str)| -> Fault {
                let kind = stream.pick(&KINDS).copied().unwrap_or(ErrorKind::Full);
                // Few prefixes are stored in a run, and webhooks have no id at the provider.
                let hit = stream.between(1, [1, 6, 3, 6][step]);
                at(*site).on_any().hit(hit as u32).error(kind)
            };
            STEPS.iter().enumerate().map(&mut fault).collect()
        })
        .sometimes(checks::marks::answered_with("provision_failed"));
    finalizing(scenario)
}

pub(crate) fn of_lost_answers() -> Scenario {
    let scenario = Scenario::new("provisioning/finalize-answers-lost")
        .must_find(["R13b"])
        .claim("a resource that became active without its host getting the answer stays active, with its object")
        .faults_drawn(|stream: &mut Stream| {
            let mut lost = |site: &str, hit_max| {
                at(site).on_any().hit(stream.between(1, hit_max) as u32).lost_ack()
            };
            vec![lost(STEPS[3], 6), lost(STEPS[3], 7), lost(STEPS[1], 6), lost("sql:provision.commit", 7)]
        })
        .sometimes(checks::marks::an_answer_was_lost());
    finalizing(scenario)
}

fn finalizing(scenario: Scenario) -> Scenario {
    let scenario = scenario
        .topology(|stage| {
            watched(stage.platform(&[])).client("customer", |workload| async move {
                provision(&workload, &["h1:80"], &wish("first", ResourceType::Cache)).await;
                customer(workload, 8).await
            })
        })
        .chaos_at_most(Duration::from_secs(3600))
        .sometimes(Mark::observed("finalize.failed"));
    guarded(scenario)
}
