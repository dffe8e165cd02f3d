//! The sweep takes orphaned objects, and nothing else.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{
    Mark, Scenario,
    fault::{ErrorKind, FaultExt, Restart, at},
};
use chaosdrill_target_provisioning::{Operation, ResourceType, Script, Scripted};

use crate::{
    checks,
    clients::{provision, rest, wish},
    stage::{ProvisioningStage, guarded, watched},
};

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

pub(crate) fn in_flight() -> Scenario {
    let scenario = Scenario::new("provisioning/sweep-in-flight")
        .must_find(["R18"])
        .claim("the sweep spares the object of a provision that is running, and the provision completes")
        .topology(|stage| {
            watched(stage.platform(&[])).client("customer", |workload| async move {
                let mut stream = workload.stream("rests");
                // The sweep runs every quarter of an hour.
                time::sleep(minutes(13)).await;
                for of in [ResourceType::Db, ResourceType::Cache, ResourceType::Storage] {
                    rest(&mut stream, 60_000).await;
                    let wish = wish(format!("wish-{}", of.name()), of);
                    provision(&workload, &["h1:80", "h2:80"], &wish).await;
                }
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            const SITES: [&str; 3] =
                ["fp:finalize.begins", "fp:finalize.url_stored", "fp:finalize.provider_stored"];
            let site = stream.pick(&SITES).copied().unwrap_or(SITES[0]);
            vec![at(site).on_any().hit(1).delay(minutes(stream.between(2, 4)))]
        })
        .chaos_at_most(minutes(60))
        .sometimes(checks::marks::a_customer_was_served());
    guarded(scenario)
}

/// The longest time for which the customer of `sweep-hurt` waits for more sweeps: the run waits for the customer until
/// two hours after the heal, which is at the third hour.
const LONGEST: Duration = Duration::from_secs(270 * 60);

/// A sweep that crashes or stalls between its list and its deletions.
pub(crate) fn between_list_and_deletion() -> Scenario {
    let scenario = Scenario::new("provisioning/sweep-hurt")
        .must_find(["R29"])
        .claim("a sweep that crashes or stalls between its listing and its deletions deletes only orphans, however old its listing is")
        .topology(|stage| {
            let impatient = |config: &mut chaosdrill_target_provisioning::HandlerConfig| {
                config.create_timeout = Duration::from_secs(60);
            };
            let stage = stage.handler_with("h1", impatient).handler("h2").backend(&LATE).neighbours();
            watched(stage).client("customer", |workload| async move {
                let begun = time::Instant::now();
                let mut stream = workload.stream("rests");
                for of in [ResourceType::Vector, ResourceType::Db, ResourceType::Nosql] {
                    let wish = wish(format!("wish-{}", of.name()), of);
                    provision(&workload, &["h1:80"], &wish).await;
                    rest(&mut stream, 40 * 60_000).await;
                }
                // Waits for some more sweeps, unless a host that stayed down has already delayed the customer for as
                // long.
                let left = LONGEST.saturating_sub(begun.elapsed());
                time::sleep(left.min(minutes(80))).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            // Early lists contain new objects; later lists contain the orphan, once it is old enough.
            let place = at("fp:sweep.listed").on("sweep").hit(stream.between(2, 6) as u32);
            vec![match stream.below(3) {
                0 => place.crash_before(Restart::After(minutes(stream.between(1, 30)))),
                1 => place.crash_after(Restart::After(minutes(stream.between(1, 30)))),
                _ => place.stall(minutes(stream.between(1, 70))),
            }]
        })
        .chaos_at_most(minutes(180))
        .sometimes(checks::marks::a_customer_was_served())
        .sometimes(Mark::observed("sweep.deleting"));
    guarded(scenario)
}

/// Objects that appear after their request was given up.
const LATE: [Script; 1] = [Script {
    operation: Operation::Create,
    resource_type: Some(ResourceType::Vector),
    after: 0,
    count: 1,
    how: Scripted::Slow(Duration::from_secs(90)),
}];

pub(crate) fn without_the_living() -> Scenario {
    let scenario = Scenario::new("provisioning/sweep-and-orphans")
        .must_find(["R18b", "R29"])
        .claim("an orphan is deleted when it is old enough, and a sweep that cannot read the live rows deletes nothing")
        .topology(|stage| {
            let impatient = |config: &mut chaosdrill_target_provisioning::HandlerConfig| {
                config.create_timeout = Duration::from_secs(60);
            };
            let stage = stage.handler_with("h1", impatient).handler("h2").backend(&LATE).neighbours();
            watched(stage).client("customer", |workload| async move {
                for of in [ResourceType::Db, ResourceType::Vector, ResourceType::Nosql] {
                    let wish = wish(format!("wish-{}", of.name()), of);
                    provision(&workload, &["h1:80"], &wish).await;
                }
                time::sleep(minutes(100)).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            const KINDS: [ErrorKind; 3] = [ErrorKind::Full, ErrorKind::Busy, ErrorKind::Reset];
            // The fifth and later passes find objects that are old enough.
            let kind = stream.pick(&KINDS).copied().unwrap_or(ErrorKind::Full);
            let first = stream.between(5, 6) as u32;
            let fail = |hit| at("sql:sweep.live").on("sweep").hit(hit).error(kind);
            vec![fail(first), fail(first + 1).optional()]
        })
        .chaos_at_most(minutes(120))
        .sometimes(Mark::observed("sweep.skipped"))
        .sometimes(Mark::observed("sweep.deleting"));
    guarded(scenario)
}
