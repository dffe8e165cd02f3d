//! Whatever errors the backend returns, no customer gets less than was promised, and no object is left behind.

use std::time::Duration;

use chaosdrill::{Mark, Scenario, Stream, fault::at};
use chaosdrill_target_provisioning::{Operation, Script, Scripted};

use crate::{
    checks,
    clients::{any_type, customer, provision, wish},
    stage::{ProvisioningStage, guarded, watched},
};

/// The first calls of each type fail in one way, and later calls in others.
const SCRIPTS: [Script; 6] = [
    script(Operation::Create, 0, 1, Scripted::Lost),
    script(Operation::Create, 1, 1, Scripted::Declined),
    script(Operation::Create, 2, 1, Scripted::Slow(Duration::from_secs(7))),
    script(Operation::Create, 3, 2, Scripted::Refused),
    script(Operation::Delete, 0, 3, Scripted::Refused),
    script(Operation::Delete, 4, 1, Scripted::Lost),
];

const fn script(operation: Operation, after: u32, count: u32, how: Scripted) -> Script {
    Script { operation, resource_type: None, after, count, how }
}

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/backend-trouble")
        .must_find(["R20b", "R30c"])
        .claim("a backend that refuses, declines, is slow or loses answers costs only time, and every leaked object is recorded")
        .topology(|stage| {
            let stage = watched(stage.platform(&SCRIPTS));
            let stage = stage.client("customer", |workload| customer(workload, 8));
            // Several requests at once, so that the circuit to the backend opens for a while.
            stage.client("crowd", |workload| async move {
                let mut stream = workload.stream("crowd");
                let of = any_type(&mut stream);
                for number in 0..4 {
                    let wish = wish(format!("crowd-{number}"), of).of_team("team-b");
                    provision(&workload, &["h1:80"], &wish).await;
                }
                Ok(())
            })
        })
        .faults_drawn(|stream: &mut Stream| {
            let hit = stream.between(1, 6) as u32;
            vec![at("net:backend.reply").on("backend").hit(hit).lost_ack()]
        })
        .sometimes(Mark::observed("backend.scripted"))
        .sometimes(checks::marks::a_leak_was_written_down())
        .sometimes(checks::marks::a_customer_came_again())
        .sometimes(checks::marks::answered_with("provision_failed"));
    guarded(scenario)
}
