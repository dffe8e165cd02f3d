//! Work in the background that fails for long keeps no other work waiting.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{
    BoxError, Mark, Scenario, Workload,
    fault::{ErrorKind, Fault, Restart, at},
};
use chaosdrill_target_provisioning::{Operation, ResourceType, Script, Scripted};

use crate::{
    checks,
    clients::{Wish, provision, wish},
    stage::{ProvisioningStage, guarded, watched},
};

/// Fewer than there are resources, leaks and mails that fail for long.
const BATCH: u32 = 2;

/// The team whose mails are refused for long.
const REFUSED: &str = "team-refused";

/// Vectors cannot be deleted for long, nor can queues, which become leaks; a cache becomes a leak, and can be deleted
/// after that.
const SCRIPTS: [Script; 3] = [
    refused(ResourceType::Vector, 90),
    refused(ResourceType::Queue, 90),
    refused(ResourceType::Cache, 3),
];

const fn refused(of: ResourceType, count: u32) -> Script {
    let (operation, how) = (Operation::Delete, Scripted::Refused);
    Script { operation, resource_type: Some(of), after: 0, count, how }
}

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/turns")
        .must_find(["R55", "R56"])
        .claim("what fails for long in the background keeps no other work waiting, be it teardowns, leaks or mails")
        .topology(|stage| {
            let stage = stage.handler("h1").handler("h2").backend(&SCRIPTS);
            let stage = stage.reconcilers(&["reconciler"]).sweep();
            let stage = stage.reaper_with(|config| config.batch = BATCH);
            let stage = stage.mails_with(|forwarder, mailer| {
                forwarder.batch = BATCH;
                mailer.refused = Some((REFUSED.to_owned(), 12));
            });
            watched(stage).client("customer", customer)
        })
        .faults_drawn(|stream| {
            // Webhooks pass the first two; each of the others makes a leak.
            let mut faults: Vec<Fault> = (3..=6)
                .map(|hit| at("sql:resources.set_url").on_any().hit(hit).error(ErrorKind::Full))
                .collect();
            // The webhooks cannot be ended for a few passes.
            faults.extend((1..=8).map(|hit| {
                at("sql:reaper.finish").on("reaper").hit(hit).error(ErrorKind::Full)
            }));
            // The requests after those are not finished by their hosts: their teams are to be mailed.
            faults.extend((5..=8).map(|hit| {
                let back = Restart::After(Duration::from_millis(stream.between(100, 5_000)));
                at("fp:handler.row_created").on_any().hit(hit).crash_before(back)
            }));
            faults
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(Mark::observed("reaper.teardown_failed"))
        .sometimes(Mark::observed("reaper.row_failed"))
        .sometimes(Mark::observed("forwarder.mail_failed"))
        .sometimes(checks::marks::a_leak_was_written_down())
        .sometimes(checks::marks::a_customer_was_mailed());
    guarded(scenario)
}

async fn customer(workload: Workload) -> Result<(), BoxError> {
    let once = async |wish: Wish| {
        provision(&workload, &["h1:80", "h2:80"], &wish.sent_at_most(1)).await;
        // A host that crashed is back by then.
        time::sleep(Duration::from_secs(10)).await;
    };
    let short = |name: &str, of| wish(name, of).lasting(Duration::from_secs(30));
    for name in ["webhook-0", "webhook-1"] {
        once(short(name, ResourceType::Webhook)).await;
    }
    for name in ["leak-0", "leak-1", "leak-2"] {
        once(wish(name, ResourceType::Queue)).await;
    }
    once(wish("leak-3", ResourceType::Cache)).await;
    for name in ["mail-0", "mail-1", "mail-2"] {
        once(wish(name, ResourceType::Db).of_team(REFUSED)).await;
    }
    once(wish("mail-3", ResourceType::Db).of_team("team-b")).await;
    time::sleep(Duration::from_secs(15 * 60)).await;
    for name in ["ended-0", "ended-1", "ended-2"] {
        once(short(name, ResourceType::Vector)).await;
    }
    once(short("ended-3", ResourceType::Db)).await;
    time::sleep(Duration::from_secs(20 * 60)).await;
    Ok(())
}
