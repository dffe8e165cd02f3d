//! Writers that race for the same tables lose none of each other's writes.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{FaultExt, at},
};

use crate::engine::{
    checks::marks,
    clients::{ALL_KINDS, ROWS, client},
    stage::{EngineStage, guarded, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-racing-writers")
        .claim("if several writers start from the same version of a table, one commits, the others retry, and no row is lost")
        .topology(|stage| {
            let stage = stage
                .writers(&["w1", "w2", "w3"])
                .openers(&["opener"], Duration::from_secs(10))
                .reader();
            watched(stage)
                .client("c1", |workload| client(workload, "c1", &["w1"], ROWS, 8))
                .client("c2", |workload| client(workload, "c2", &["w2"], ALL_KINDS, 8))
                .client("c3", |workload| client(workload, "c3", &["w3"], ROWS, 8))
                .client("c4", |workload| client(workload, "c4", &["w3"], ROWS, 8))
        })
        // Some calls are late, so that other writers come in between.
        .faults_drawn(|stream| {
            const SITES: [&str; 4] = [
                "store:put-if tables/knows/*.json",
                "store:put-if tables/person/*.json",
                "store:put-if __manifest.json",
                "store:list tables/person",
            ];
            let late = |_| {
                let site = stream.pick(&SITES).copied().unwrap_or(SITES[0]);
                let lasts = Duration::from_millis(stream.between(20, 900));
                let hit = stream.between(1, 30) as u32;
                at(site).on_any().hit(hit).delay(lasts).optional()
            };
            (0..6).map(late).collect::<Vec<_>>()
        })
        .sometimes(marks::refused("a writer was told of a conflict", "conflict"))
        .sometimes(marks::a_request_was_sent_again());
    guarded(scenario)
}
