//! The clocks of hosts may disagree by more than a lease.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{
    Scenario,
    fault::{Fault, at, at_time},
};
use chaosdrill_target_provisioning::{Operation, ResourceType, Script, Scripted};

use crate::{
    checks,
    clients::{provision, wish},
    stage::{ProvisioningStage, guarded_whatever_the_clocks, watched},
};

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// How far the clock of a host may be off: five times a lease.
const SKEW: Duration = Duration::from_secs(10 * 60);

/// Caches do not answer, so that the reconciler rolls them back; it finishes others.
const SCRIPTS: [Script; 1] = [Script {
    operation: Operation::Probe,
    resource_type: Some(ResourceType::Cache),
    after: 0,
    count: 20,
    how: Scripted::Declined,
}];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/clock-skew")
        .must_find(["R13", "R13b"])
        .claim("if a reconciler with a fast clock succeeds a live handler, one of the two settles, and the other leaves row and object alone")
        .topology(|stage| {
            watched(stage.platform(&SCRIPTS)).client("customer", |workload| async move {
                for of in [ResourceType::Db, ResourceType::Cache] {
                    let request = wish(of.name(), of);
                    // One attempt while its handler is slow: a second would keep the first row from coming back.
                    let once = request.clone().sent_at_most(1);
                    provision(&workload, &["h1:80", "h2:80"], &once).await;
                    time::sleep(minutes(6)).await;
                    provision(&workload, &["h1:80", "h2:80"], &request).await;
                }
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let by = Duration::from_secs(stream.between(8 * 60, 10 * 60));
            let fast = at_time(Duration::from_millis(1)).skew("reconciler", by, false, minutes(60));
            // The reconciler, which runs each two minutes, is there before the last step.
            let mut late = |hit| -> Fault {
                let lasts = Duration::from_secs(stream.between(150, 300));
                at("fp:finalize.provider_stored").on_any().hit(hit).delay(lasts)
            };
            vec![fast, late(1), late(2)]
        })
        .skew_at_most(SKEW)
        .chaos_at_most(minutes(60))
        .sometimes(checks::marks::a_customer_was_served())
        .sometimes(checks::marks::the_reconciler_settled_a_row());
    guarded_whatever_the_clocks(scenario)
}
