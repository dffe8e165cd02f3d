//! During outages of the database, links and hosts, requests wait or are rolled back cleanly.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream, Topology,
    fault::{Fault, Restart, at_time},
};

use chaosdrill_target_provisioning::{Operation, ResourceType, Script, Scripted};

use crate::{
    checks,
    clients::{customer, customer_of, provision, wish},
    stage::{ProvisioningStage, guarded, watched},
};

fn ms(stream: &mut Stream, low: u64, high: u64) -> Duration {
    Duration::from_millis(stream.between(low, high))
}

pub(crate) fn of_the_database() -> Scenario {
    let scenario = Scenario::new("provisioning/database-down")
        .must_find(["R28"])
        .chaos_at_most(Duration::from_secs(3600))
        .claim("no success is reported and nothing is lost while the database is down, and all work continues afterwards by itself")
        .topology(|stage| of_two_customers(stage, &SLOW))
        .faults_drawn(|stream| {
            // The first strikes while the backend makes objects, and lasts longer than a handler tries to roll
            // back; the second strikes while the customers go on.
            let (begin, lasts) = (ms(stream, 6_000, 13_000), ms(stream, 60_000, 900_000));
            let next = begin + lasts + ms(stream, 20_000, 70_000);
            let again = at_time(next).database_down(ms(stream, 500, 20_000));
            vec![at_time(begin).database_down(lasts), again]
        })
        .sometimes(checks::marks::a_customer_came_again());
    guarded(scenario)
}

pub(crate) fn of_the_backend() -> Scenario {
    let scenario = Scenario::new("provisioning/backend-away")
        .must_find(["R28"])
        .chaos_at_most(Duration::from_secs(3600))
        .claim("while the backend cannot be reached, no provision succeeds and no object is forgotten, and customers are served afterwards")
        .topology(|stage| {
            let stage = of_two_customers(stage, &[]);
            // Its requests fail one after the other, so that the circuit of h1 to the backend opens.
            stage.client("loyal", |workload| async move {
                for number in 0..workload.steps(6) {
                    let wish = wish(format!("loyal-{number}"), ResourceType::Db).of_team("team-c");
                    provision(&workload, &["h1:80"], &wish).await;
                }
                Ok(())
            })
        })
        .faults_drawn(backend)
        .sometimes(checks::marks::a_link_was_cut())
        .sometimes(checks::marks::answered_with("provisioner_unavailable"))
        .must_find(["R44", "R45"]);
    guarded(scenario)
}

fn backend(stream: &mut Stream) -> Vec<Fault> {
    let lasts = Duration::from_secs(stream.between(300, 600));
    let kill = Restart::After(Duration::from_secs(stream.between(1, 400)));
    vec![
        at_time(ms(stream, 10, 200)).partition("h1", "backend", lasts),
        at_time(ms(stream, 10, 60_000)).clog("h2", "backend", Duration::from_secs(40)),
        at_time(ms(stream, 10, 60_000)).partition(
            "reconciler",
            "backend",
            Duration::from_secs(900),
        ),
        at_time(ms(stream, 10, 60_000)).kill("backend", kill),
        at_time(ms(stream, 10, 60_000)).kill("h2", Restart::AtHeal),
        at_time(ms(stream, 10, 60_000)).partition("h1", "db", Duration::from_secs(20)),
    ]
}

/// The backend takes so long for each object that there is always one in the making.
const SLOW: [Script; 1] = [Script {
    operation: Operation::Create,
    resource_type: None,
    after: 0,
    count: 20,
    how: Scripted::Slow(Duration::from_secs(2)),
}];

fn of_two_customers(stage: Topology, scripts: &[Script]) -> Topology {
    let stage = watched(stage.platform(scripts));
    let stage = stage.client("customer", |workload| customer(workload, 8));
    stage.client("second", |workload| async move { customer_of(workload, "team-b", 5).await })
}
