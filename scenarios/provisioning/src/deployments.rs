//! Deployments are answered with 202 before they are built: the row is there, and shows how the build ends.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{
    BoxError, Scenario, Workload,
    fault::{ErrorKind, Restart, at},
};
use chaosdrill_target_provisioning::{Operation, ResourceType, Script, Scripted};

use crate::{
    checks,
    clients::{deploy, rest, wish},
    stage::{ProvisioningStage, guarded, watched},
};

/// Builds are slow, and the first stack is refused.
const SCRIPTS: [Script; 2] = [
    Script {
        operation: Operation::Create,
        resource_type: Some(ResourceType::Stack),
        after: 0,
        count: 1,
        how: Scripted::Refused,
    },
    Script {
        operation: Operation::Create,
        resource_type: None,
        after: 0,
        count: 6,
        how: Scripted::Slow(Duration::from_secs(45)),
    },
];

pub(crate) fn of_errors() -> Scenario {
    let scenario = Scenario::new("provisioning/deployments")
        .must_find(["R38", "R39", "R50", "R66"])
        .claim("a deployment that is answered with 202 has a row, which becomes active, or fails and says so")
        .topology(|stage| watched(stage.platform(&SCRIPTS)).client("customer", customer))
        .faults_drawn(|stream| {
            const STEPS: [&str; 3] =
                ["sql:resources.set_url", "sql:resources.set_provider", "sql:resources.activate"];
            let step = stream.pick(&STEPS).copied().unwrap_or(STEPS[0]);
            let fail = |site: &str, hit| at(site).on_any().hit(hit).error(ErrorKind::Full);
            vec![
                fail(step, stream.between(1, 2) as u32),
                fail("sql:provision.commit", stream.between(1, 3) as u32),
            ]
        })
        .always(checks::promised::accepted_stays_accepted())
        .sometimes(checks::marks::a_deployment_was_accepted_again())
        .sometimes(checks::marks::a_type_became_active("deploy"))
        .sometimes(checks::marks::a_type_became_active("stack"))
        .sometimes(checks::marks::a_row_became("failed"))
        .sometimes(checks::marks::a_failed_deployment_was_shown());
    guarded(scenario)
}

pub(crate) fn of_crashes() -> Scenario {
    let scenario = Scenario::new("provisioning/deployment-hurt")
        .must_find(["R32", "R32b", "R34", "R54"])
        .claim("a deployment whose host dies after the 202 becomes active, or fails, and its team gets a mail about that, if it has one")
        .topology(|stage| {
            watched(stage.platform(&SCRIPTS)).client("customer", |workload| async move {
                let anonymous = wish("anonymous", ResourceType::Deploy).anonymous();
                deploy(&workload, &["h1:80", "h2:80"], &anonymous).await;
                customer(workload).await?;
                // Some more passes of the forwarder.
                time::sleep(Duration::from_secs(16 * 60)).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let back = Restart::After(Duration::from_secs(stream.between(1, 600)));
            // Nothing is stored of the deployment without an account, nor of the first one with a team; and then all
            // but the last step of the latter.
            vec![
                at("fp:finalize.begins").on_any().hit(1).crash_before(back),
                at("fp:finalize.begins").on_any().hit(3).crash_before(back),
                at("fp:finalize.provider_stored").on_any().hit(2).crash_before(back),
            ]
        })
        .chaos_at_most(Duration::from_secs(3600))
        .sometimes(checks::marks::a_customer_was_mailed())
        .sometimes(checks::marks::the_reconciler_settled_a_row());
    guarded(scenario)
}

async fn customer(workload: Workload) -> Result<(), BoxError> {
    let mut stream = workload.stream("rests");
    let types = [ResourceType::Deploy, ResourceType::Stack];
    for number in 0..workload.steps(4) {
        let wish = wish(format!("deployment-{number}"), types[number % 2]);
        let addresses = if stream.chance(1, 2) { ["h1:80", "h2:80"] } else { ["h2:80", "h1:80"] };
        deploy(&workload, &addresses, &wish).await;
        rest(&mut stream, 1_000).await;
    }
    Ok(())
}
