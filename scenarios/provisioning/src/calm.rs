//! Without faults every resource is provisioned: a test of the drill itself.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{BoxError, Mark, Scenario, Workload};
use chaosdrill_scenarios_common::checks::fault_free::where_fault_free;
use chaosdrill_target_provisioning::ResourceType;

use crate::{
    checks,
    clients::{delete, deploy, hold, provision, rest, show, wish},
    stage::{ProvisioningStage, guarded, watched},
};

const HOSTS: [&str; 2] = ["h1:80", "h2:80"];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/calm")
        .must_find(["R33", "R35", "R35b", "R35c", "R36", "R40", "R50", "R58"])
        .claim("resources of all nine types are provisioned, shown, held, deleted and reaped, and a repeated request makes no second one")
        .topology(|stage| watched(stage.platform(&[])).client("customer", customer))
        .always(where_fault_free(checks::jobs::calm_work_is_done_once()))
        .always(where_fault_free(checks::served::calm_customers_are_served()))
        .sometimes(checks::marks::a_customer_was_served())
        .sometimes(checks::marks::a_type_became_active("deploy"))
        .sometimes(checks::marks::a_type_became_active("stack"))
        .sometimes(checks::marks::a_row_became("deleted"))
        .sometimes(checks::marks::a_row_became("reaped"))
        .sometimes(Mark::observed("backend.deleted"));
    guarded(scenario)
}

async fn customer(workload: Workload) -> Result<(), BoxError> {
    let mut stream = workload.stream("ends");
    for of in ResourceType::AT_ONCE {
        let name = of.name();
        let request = wish(format!("wish-{name}"), of).lasting(Duration::from_secs(10 * 60));
        provision(&workload, &HOSTS, &request).await;
        show(&workload, "h2:80", &format!("wish-{name}")).await;
        // A repeated request returns the same resource.
        provision(&workload, &["h2:80"], &request).await;
        match stream.below(4) {
            0 => drop(delete(&workload, "h1:80", &format!("wish-{name}")).await),
            1 => drop(hold(&workload, "h1:80", &format!("wish-{name}"), "paused").await),
            2 => drop(hold(&workload, "h1:80", &format!("wish-{name}"), "suspended").await),
            // The resource expires.
            _ => {}
        }
        rest(&mut stream, 2_000).await;
    }
    for of in [ResourceType::Deploy, ResourceType::Stack] {
        let request = wish(format!("wish-{}", of.name()), of).lasting(Duration::from_secs(10 * 60));
        deploy(&workload, &HOSTS, &request).await;
    }
    time::sleep(Duration::from_secs(15 * 60)).await;
    Ok(())
}
