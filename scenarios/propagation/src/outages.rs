//! Outages of the database, links and hosts delay the work, and lose none of it.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario, Stream,
    fault::{Fault, Restart, at_time},
};
use chaosdrill_target_propagation::Answer;

use crate::{
    checks,
    clients::{customer, rest},
    stage::{PropagationStage, applying, script, watched},
};

fn s(stream: &mut Stream, low: u64, high: u64) -> Duration {
    Duration::from_millis(stream.between(low * 1000, high * 1000))
}

pub(crate) fn of_the_database() -> Scenario {
    let scenario = outage("propagation/database-down")
        .claim("nothing is lost while the database is down, and all work continues afterwards by itself")
        .faults_drawn(|stream| {
            let mut down = |from, to, lasts| at_time(s(stream, from, to)).database_down(Duration::from_secs(lasts));
            vec![down(0, 20, 20), down(30, 90, 70), down(200, 300, 400)]
        })
        .sometimes(Mark::observed("worker.beat_failed"));
    applying(scenario)
}

pub(crate) fn of_the_network() -> Scenario {
    let scenario = outage("propagation/network-outages")
        .claim("partitions, clogged links and a killed provisioner delay upgrades, but lose none")
        .faults_drawn(network)
        .sometimes(checks::marks::a_host_went_down())
        .sometimes(checks::marks::a_retry_succeeded());
    applying(scenario)
}

fn network(stream: &mut Stream) -> Vec<Fault> {
    let lasts = Duration::from_secs(60);
    vec![
        at_time(s(stream, 1, 90)).partition("w1", "provisioner", lasts),
        at_time(s(stream, 1, 90)).partition("api", "db", lasts),
        at_time(s(stream, 1, 90)).clog("w2", "provisioner", Duration::from_secs(400)),
        at_time(s(stream, 100, 200)).clog("w1", "db", Duration::from_secs(100)),
        at_time(s(stream, 1, 200)).kill("provisioner", Restart::After(Duration::from_secs(45))),
        at_time(s(stream, 1, 200)).kill("api", Restart::After(Duration::from_secs(7))),
    ]
}

fn outage(name: &str) -> Scenario {
    Scenario::new(name).topology(|stage| {
        let scripts = vec![script("", 1, Answer::Slow(Duration::from_secs(5)))];
        watched(stage.pipeline(scripts)).client("customers", |workload| async move {
            let mut stream = workload.stream("rests");
            for number in 0..6 {
                customer(&workload, &format!("team-{number}"), &["postgres", "vector"]).await;
                rest(&mut stream, 60).await;
            }
            Ok(())
        })
    })
}
