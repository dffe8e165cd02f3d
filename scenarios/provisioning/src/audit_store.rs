//! The audit may fail or be slow: the customer does not notice, and in the end the audit is complete.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario, Stream,
    fault::{ErrorKind, Fault, at},
};
use chaosdrill_scenarios_common::checks::fault_free::where_only_hurt_at;

use crate::{
    checks,
    clients::customer,
    stage::{ProvisioningStage, guarded, watched},
};

/// The sites that the script strikes: steps, so that provisions fail, and their audit.
const HURT: [&str; 3] = ["sql:resources.set_url", "sql:resources.activate", "sql:audit.append"];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/audit-store")
        .must_find(["R10b", "R10c", "R28b"])
        .claim("a failed provision is answered with 503 in time, even if its audit fails, and has its audit in the end")
        .topology(|stage| {
            watched(stage.platform(&[])).client("customer", |workload| customer(workload, 6))
        })
        .faults_drawn(|stream: &mut Stream| {
            let fail = |site: &str, hit| at(site).on_any().hit(hit).error(ErrorKind::Full);
            let audit = |hit| at(HURT[2]).on_any().hit(hit);
            let late: Fault = audit(1).delay(Duration::from_secs(stream.between(20, 200)));
            let refused: Fault = audit(2).error(ErrorKind::Full);
            let (first, second) = (stream.between(1, 3) as u32, stream.between(1, 3) as u32);
            vec![fail(HURT[0], first), fail(HURT[1], second), late, refused]
        })
        // A host that crashes, or cannot reach its database, answers late for reasons other than the audit.
        .always(where_only_hurt_at(checks::answers::the_audit_never_blocks_the_answer(), &HURT))
        .chaos_at_most(Duration::from_secs(30 * 60))
        .sometimes(Mark::observed("audit.lost"))
        .sometimes(checks::marks::answered_with("provision_failed"));
    guarded(scenario)
}
