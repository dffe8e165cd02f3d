//! The reconciler meets slow handlers: those that renew their lease, and those that do not.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{Mark, Scenario, Stream, fault::at};
use chaosdrill_scenarios_common::checks::fault_free::where_only_hurt_at;
use chaosdrill_target_provisioning::{Operation, ResourceType, Script, Scripted};

use crate::{
    checks,
    clients::{provision, rest, wish},
    stage::{ProvisioningStage, guarded, watched},
};

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// Probes of some types report that no object answers; other probes fail or are slow, so that the state is unknown.
fn scripts() -> Vec<Script> {
    let probe = |of, how| Script {
        operation: Operation::Probe,
        resource_type: Some(of),
        after: 0,
        count: 20,
        how,
    };
    vec![
        probe(ResourceType::Cache, Scripted::Declined),
        probe(ResourceType::Db, Scripted::Declined),
        probe(ResourceType::Queue, Scripted::Refused),
        probe(ResourceType::Storage, Scripted::Slow(minutes(1))),
    ]
}

pub(crate) fn of_stalls() -> Scenario {
    const TYPES: [ResourceType; 4] =
        [ResourceType::Cache, ResourceType::Db, ResourceType::Storage, ResourceType::Queue];
    let scenario = Scenario::new("provisioning/stalled-handler")
        .must_find(["R13"])
        .claim("a handler that stalls for minutes between two steps finds its row settled, and neither revives nor damages it")
        .topology(|stage| {
            watched(stage.platform(&scripts())).client("customer", |workload| async move {
                let begun = time::Instant::now();
                for (number, of) in TYPES.into_iter().enumerate() {
                    let wish = wish(format!("wish-{number}"), of);
                    // The first two are given up early: a second attempt would keep the first row from coming back.
                    let sends_max = if number < 2 { 3 } else { wish.sends_max };
                    let wish = wish.sent_at_most(sends_max);
                    provision(&workload, &["h1:80", "h2:80"], &wish).await;
                }
                // The stalls are over by then.
                time::sleep(minutes(30).saturating_sub(begun.elapsed())).await;
                Ok(())
            })
        })
        .faults_drawn(|stream: &mut Stream| {
            const SITES: [&str; 3] =
                ["fp:finalize.begins", "fp:finalize.url_stored", "fp:finalize.provider_stored"];
            let mut stall = |site: &str, hits: [u64; 2]| {
                let hit = stream.between(hits[0], hits[1]) as u32;
                at(site).on_any().hit(hit).stall(minutes(stream.between(6, 25)))
            };
            // One stall before the last step, and one anywhere.
            let last = stall(SITES[2], [1, 2]);
            let places = SITES.map(|site| stall(site, [3, 4]));
            let other = stream.pick(&places).cloned();
            [last].into_iter().chain(other).collect()
        })
        .chaos_at_most(minutes(90))
        .sometimes(checks::marks::a_host_stood_still())
        .sometimes(checks::marks::the_reconciler_settled_a_row())
        .sometimes(Mark::observed("reconciler.undecided"));
    guarded(scenario)
}

pub(crate) fn of_slow_backends() -> Scenario {
    let scenario = Scenario::new("provisioning/slow-provision")
        .must_find(["R14", "R31"])
        .claim("a provision that takes longer than the reconciler waits is left to its handler while the handler renews its lease")
        .topology(|stage| {
            let slow = |of, lasts| Script {
                operation: Operation::Create,
                resource_type: Some(of),
                after: 0,
                count: 1,
                how: Scripted::Slow(lasts),
            };
            let scripts = [slow(ResourceType::Db, minutes(8)), slow(ResourceType::Storage, minutes(17))];
            watched(stage.platform(&scripts)).client("customer", |workload| async move {
                let mut stream = workload.stream("rests");
                for of in [ResourceType::Db, ResourceType::Webhook, ResourceType::Storage] {
                    rest(&mut stream, 120_000).await;
                    let wish = wish(format!("wish-{}", of.name()), of);
                    provision(&workload, &["h1:80", "h2:80"], &wish).await;
                }
                Ok(())
            })
        })
        // A late step is not a lost step.
        .faults_drawn(|stream| {
            let lasts = minutes(stream.between(6, 9));
            vec![at("fp:finalize.url_stored").on_any().hit(stream.between(1, 3) as u32).delay(lasts)]
        })
        .always(where_only_hurt_at(checks::jobs::a_slow_provision_keeps_its_row(), &["fp:finalize.url_stored"]))
        .chaos_at_most(minutes(90))
        .sometimes(checks::marks::answered_with("provision_in_progress"))
        .sometimes(checks::marks::a_customer_came_again());
    guarded(scenario)
}
