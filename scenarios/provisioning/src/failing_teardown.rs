//! Resources that have ended are taken down, however often that fails.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{
    Mark, Scenario,
    fault::{Restart, at},
};
use chaosdrill_target_provisioning::{Operation, ResourceType, Script, Scripted};

use crate::{
    checks,
    clients::{delete, provision, wish},
    stage::{ProvisioningStage, guarded, watched},
};

/// Deletions are refused, or lose their answers, for a while.
const SCRIPTS: [Script; 2] = [
    Script {
        operation: Operation::Delete,
        resource_type: None,
        after: 0,
        count: 7,
        how: Scripted::Refused,
    },
    Script {
        operation: Operation::Delete,
        resource_type: None,
        after: 7,
        count: 3,
        how: Scripted::Lost,
    },
];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/failing-teardown")
        .must_find(["R20c", "R30", "R30b"])
        .claim("a resource is marked as deleted only after its deletion, which is retried until it succeeds")
        .topology(|stage| {
            watched(stage.platform(&SCRIPTS)).client("customer", |workload| async move {
                let mut stream = workload.stream("ends");
                for of in ResourceType::AT_ONCE {
                    let request = format!("wish-{}", of.name());
                    let wish = wish(request.clone(), of).lasting(Duration::from_secs(120));
                    provision(&workload, &["h1:80", "h2:80"], &wish).await;
                    if stream.chance(1, 2) {
                        delete(&workload, "h2:80", &request).await;
                    }
                }
                time::sleep(Duration::from_secs(10 * 60)).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let back = Restart::After(Duration::from_secs(stream.between(1, 90)));
            vec![at("fp:reaper.torn_down").on("reaper").hit(stream.between(1, 3) as u32).crash_before(back)]
        })
        .chaos_at_most(Duration::from_secs(30 * 60))
        .sometimes(Mark::observed("reaper.teardown_failed"))
        .sometimes(checks::marks::a_row_became("deleted"))
        .sometimes(checks::marks::a_row_became("reaped"));
    guarded(scenario)
}
