//! All hosts are restarted, with rows in every status.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{
    BoxError, Scenario, Stream, Workload,
    fault::{ErrorKind, Fault, Restart, at, at_time},
};
use chaosdrill_target_provisioning::{Operation, ResourceType, Script, Scripted};

use crate::{
    checks,
    clients::{delete, hold, provision, wish},
    stage::{ProvisioningStage, guarded, watched},
};

/// Deletions of caches are refused for a while, so that one is still expired at the restart.
const SCRIPTS: [Script; 1] = [Script {
    operation: Operation::Delete,
    resource_type: Some(ResourceType::Cache),
    after: 0,
    count: 40,
    how: Scripted::Refused,
}];

/// The seconds after which all rows exist and the hosts are restarted.
const RESTARTS: [u64; 2] = [300, 600];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/reboots")
        .must_find(["R8", "R9"])
        .claim("the migrations can be applied again at every boot, with rows in every status")
        .topology(|stage| watched(stage.platform(&SCRIPTS)).client("customer", customer))
        .faults_drawn(|stream| {
            // One provision fails, so that there is a failed row; another is in progress for a while.
            let mut faults = vec![
                at("sql:resources.set_url").on_any().hit(1).error(ErrorKind::Full),
                at("fp:finalize.url_stored").on_any().hit(7).crash_before(back(stream)),
            ];
            for (host, seconds) in HOSTS.into_iter().flat_map(|host| RESTARTS.map(|at| (host, at)))
            {
                faults.push(kill(stream, host, seconds));
            }
            faults
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(checks::marks::a_row_became("paused"))
        .sometimes(checks::marks::a_row_became("suspended"))
        .sometimes(checks::marks::a_row_became("expired"))
        .sometimes(checks::marks::a_row_became("deleted"))
        .sometimes(checks::marks::a_row_became("reaped"))
        .sometimes(checks::marks::a_row_became("failed"));
    guarded(scenario)
}

const HOSTS: [&str; 8] =
    ["h1", "h2", "backend", "reconciler", "sweep", "reaper", "forwarder", "mailer"];

fn back(stream: &mut Stream) -> Restart {
    Restart::After(Duration::from_millis(stream.between(100, 20_000)))
}

fn kill(stream: &mut Stream, host: &str, seconds: u64) -> Fault {
    let at = Duration::from_millis(seconds * 1_000 + stream.between(0, 30_000));
    at_time(at).kill(host, back(stream))
}

async fn customer(workload: Workload) -> Result<(), BoxError> {
    let hosts = ["h1:80", "h2:80"];
    let make = async |name: &str, of, ttl: Option<u64>| {
        let wish = wish(name, of);
        let wish = match ttl {
            Some(seconds) => wish.lasting(Duration::from_secs(seconds)),
            None => wish,
        };
        provision(&workload, &hosts, &wish).await;
    };
    make("active", ResourceType::Db, None).await;
    make("paused", ResourceType::Nosql, None).await;
    hold(&workload, "h1:80", "paused", "paused").await;
    make("suspended", ResourceType::Queue, None).await;
    hold(&workload, "h2:80", "suspended", "suspended").await;
    make("expired", ResourceType::Cache, Some(30)).await;
    make("deleted", ResourceType::Storage, None).await;
    delete(&workload, "h1:80", "deleted").await;
    make("reaped", ResourceType::Vector, Some(30)).await;
    // The seventh passes a window in which its host crashes, so it is pending for a long time.
    make("pending", ResourceType::Webhook, None).await;
    let last = RESTARTS[1] + 60;
    time::sleep(Duration::from_secs(last)).await;
    make("late", ResourceType::Db, None).await;
    Ok(())
}
