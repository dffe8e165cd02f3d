//! Outages of the database, links and hosts delay messages, and lose none.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario, Stream,
    fault::{Fault, Restart, at_time},
};

use crate::{
    checks,
    stage::{OutboxStage, of_orders},
};

fn ms(stream: &mut Stream, low: u64, high: u64) -> Duration {
    Duration::from_millis(stream.between(low, high))
}

pub(crate) fn of_the_database() -> Scenario {
    of_orders("outbox/database-down", OutboxStage::pipeline)
        .claim("nothing is lost while the database is down, and all work continues afterwards by itself")
        .faults_drawn(|stream| {
            let mut down = |from, to| at_time(ms(stream, from, to)).database_down(Duration::from_secs(20));
            vec![down(0, 3_000), down(30_000, 60_000)]
        })
        .sometimes(Mark::observed("dispatcher.pass_failed"))
}

pub(crate) fn of_the_network() -> Scenario {
    of_orders("outbox/network-outages", OutboxStage::pipeline)
        .claim("partitions, clogged links and killed hosts delay messages, but lose none")
        .faults_drawn(network)
        .sometimes(checks::marks::a_link_was_cut())
}

fn network(stream: &mut Stream) -> Vec<Fault> {
    let lasts = Duration::from_secs(20);
    vec![
        at_time(ms(stream, 100, 3_000)).partition("d1", "broker", lasts),
        at_time(ms(stream, 100, 3_000)).clog("broker", "consumer", lasts),
        at_time(ms(stream, 100, 3_000)).partition("ingress", "db", lasts),
        at_time(ms(stream, 100, 3_000)).clog("d2", "db", Duration::from_secs(40)),
        at_time(ms(stream, 100, 30_000)).kill("broker", Restart::After(Duration::from_secs(7))),
        at_time(ms(stream, 100, 30_000)).kill("consumer", Restart::AtHeal),
    ]
}
