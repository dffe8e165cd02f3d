//! Outages of the database, links and hosts delay notifications, and lose none.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario, Stream,
    fault::{Fault, Restart, at_time},
};

use crate::{
    checks,
    clients::{create_all, look, minutes, moods},
    stage::{NotificationStage, resting, watched},
};

fn ms(stream: &mut Stream, low: u64, high: u64) -> Duration {
    Duration::from_millis(stream.between(low, high))
}

pub(crate) fn of_the_database() -> Scenario {
    let scenario = outage("notification/database-down")
        .claim("nothing is lost while the database is down, and all loops continue afterwards by themselves")
        .faults_drawn(|stream| {
            // Each outage is long enough to cover a tick of every loop.
            let lasts = Duration::from_secs(125);
            let mut down = |from, to| at_time(ms(stream, from, to)).database_down(lasts);
            vec![down(100, 3_000), down(180_000, 400_000)]
        })
        .sometimes(Mark::observed("sweep.failed"))
        .must_find(["N15b"]);
    resting(scenario, 0)
}

pub(crate) fn of_the_network() -> Scenario {
    let scenario = outage("notification/network-outages")
        .claim("partitions, clogged links and killed hosts delay notifications, but lose none")
        .faults_drawn(network)
        .sometimes(checks::marks::a_link_was_cut());
    resting(scenario, 0)
}

fn network(stream: &mut Stream) -> Vec<Fault> {
    let (short, long) = (Duration::from_secs(20), Duration::from_secs(150));
    vec![
        at_time(ms(stream, 100, 65_000)).partition("s1", "notifier", long),
        at_time(ms(stream, 100, 65_000)).clog("s2", "notifier", short),
        at_time(ms(stream, 100, 3_000)).partition("api", "db", short),
        at_time(ms(stream, 100, 130_000)).clog("s2", "db", Duration::from_secs(80)),
        at_time(ms(stream, 100, 130_000)).kill("notifier", Restart::After(long)),
        at_time(ms(stream, 100, 130_000)).kill("s1", Restart::AtHeal),
    ]
}

fn outage(name: &str) -> Scenario {
    Scenario::new(name)
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                let known = &["calm", "refused once", "denied once"];
                for round in ["a", "b", "c"] {
                    create_all(&workload, round, &moods(&workload, known, 5)).await;
                    look(&workload).await;
                    minutes(2).await;
                }
                Ok(())
            })
        })
        .chaos_at_most(Duration::from_secs(20 * 60))
}
