//! Reconcilers race each other, and crash between their steps.

use std::time::Duration;

use chaosdrill::{
    BoxError, Mark, Scenario, Stream, Workload,
    fault::{ErrorKind, Fault, FaultExt, Restart, at},
};
use chaosdrill_target_provisioning::ResourceType;

use crate::{
    checks,
    clients::{provision, wish},
    stage::{ProvisioningStage, guarded, watched},
};

/// Both hosts of handlers crash in the middle of a provision, so that there is work to reconcile: one row is to be
/// rolled back, and another one perhaps to be finished.
fn deaths(stream: &mut Stream) -> Vec<Fault> {
    const SITES: [&str; 3] =
        ["fp:handler.row_created", "fp:finalize.url_stored", "fp:finalize.provider_stored"];
    let other = stream.pick(&SITES).copied().unwrap_or(SITES[0]);
    let death = |site: &str, host: &str| {
        at(site).on(host).hit(1).crash_before(Restart::After(Duration::from_secs(20)))
    };
    vec![death(SITES[0], "h1"), death(other, "h2")]
}

async fn customers(workload: Workload) -> Result<(), BoxError> {
    for (number, of) in [ResourceType::Db, ResourceType::Queue].into_iter().enumerate() {
        let address = ["h1:80", "h2:80"][number];
        provision(&workload, &[address], &wish(format!("wish-{number}"), of)).await;
    }
    Ok(())
}

pub(crate) fn of_races() -> Scenario {
    let scenario = Scenario::new("provisioning/racing-reconcilers")
        .must_find(["R17"])
        .claim("if two reconcilers judge the same row, one acts, and the other leaves row, charge and audit alone")
        .topology(|stage| {
            let stage = stage.handler("h1").handler("h2").backend(&[]).sweep().reaper().mails();
            watched(stage.reconcilers(&["w1", "w2"])).client("customer", customers)
        })
        .faults_drawn(|stream| {
            let mut faults = deaths(stream);
            // The first reconciler to decide waits until the other has decided too. All waits are equal: the two would
            // drift apart otherwise.
            let lasts = Duration::from_millis(stream.between(400, 3_000));
            faults.extend((1..=32).map(|hit| {
                at("fp:reconciler.decided").on_any().hit(hit).delay(lasts).optional()
            }));
            faults
        })
        .chaos_at_most(Duration::from_secs(3600))
        .sometimes(Mark::observed("settle.lost"))
        .sometimes(checks::marks::the_reconciler_settled_a_row());
    guarded(scenario)
}

pub(crate) fn of_crashes() -> Scenario {
    let scenario = Scenario::new("provisioning/reconciler-hurt")
        .must_find(["R17b"])
        .claim("a reconciler that crashes or gets an error between its steps leaves no charge, audit or object unfinished")
        .topology(|stage| watched(stage.platform(&[])).client("customer", customers))
        .faults_drawn(|stream| {
            let mut faults = deaths(stream);
            let back = Restart::After(Duration::from_secs(stream.between(1, 300)));
            let on = |site: &str| at(site).on("reconciler").hit(1);
            faults.push(match stream.below(6) {
                0 => on("fp:reconciler.decided").crash_before(back),
                1 => on("fp:reconciler.taken_over").crash_before(back),
                2 => on("sql:audit.append").error(ErrorKind::Full),
                3 => on("sql:fail.commit").lost_ack(),
                _ => on("sql:fail.commit").crash_after(back),
            });
            faults
        })
        .chaos_at_most(Duration::from_secs(3600))
        .sometimes(checks::marks::the_reconciler_settled_a_row());
    guarded(scenario)
}
