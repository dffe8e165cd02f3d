//! An older tool writes without healing first, on top of what is published, and skips the unfinished work of others.
//!
//! Its work is published, and theirs is not, or not yet. A higher version of a table is then no sign that it contains
//! what another writer was about to publish.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{Fault, FaultExt, Restart, at},
};

use crate::engine::{
    checks::marks,
    clients::{Mix, ROWS, client, first, first_mutation},
    stage::{EngineStage, guarded, watched},
};

/// The workload of the tool: it maintains tables, one by one, and adds rows.
const TOOL: Mix =
    Mix { mutations: 3, deletes: 0, loads: 0, merges: 0, schemas: 0, indices: 4, optimizes: 4 };

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-careless-tool")
        .claim("a table that was changed without a recovery first does not count as one that contains the pending operation")
        .topology(|stage| {
            let stage = stage
                .writers(&["w1", "w2"])
                .writer("tool", |config| config.heals_first = false)
                .openers(&["o1", "o2"], Duration::from_secs(5))
                .reader();
            watched(stage)
                .client("c1", |workload| client(workload, "c1", &["w1", "w2"], ROWS, 10))
                .client("c2", |workload| client(workload, "c2", &["tool"], TOOL, 40))
                .client("first", |workload| first(workload, &["w1"], first_mutation()))
        })
        .faults_drawn(|stream| {
            let lasts = |stream: &mut chaosdrill::Stream| {
                Duration::from_millis(stream.between(2_000, 6_000))
            };
            let complete = "fp:engine.mutation.post_finalize_pre_publisher";
            let mut faults: Vec<Fault> = Vec::new();
            for (writer, earliest) in [("w1", 1), ("w2", 1), ("w1", 4), ("w2", 4)] {
                // A complete write waits, or its writer crashes, before it is published.
                let hit = match faults.is_empty() {
                    true => 1,
                    false => stream.between(earliest, earliest + 2) as u32,
                };
                let place = at(complete).on(writer).hit(hit);
                faults.push(match stream.chance(1, 2) {
                    true => place.delay(lasts(stream)),
                    false => place.crash_before(Restart::After(lasts(stream))),
                });
            }
            // A recovery that would publish it for the writer waits too.
            for hit in 1..4 {
                let place = at("fp:engine.recovery.before_roll_forward_publish").on_any().hit(hit);
                faults.push(place.stall(lasts(stream)));
            }
            // There is at least the first write to build over.
            let rest = faults.split_off(1).into_iter().map(FaultExt::optional);
            faults.into_iter().chain(rest).collect()
        })
        .sometimes(marks::a_recovery_found_something_else())
        .sometimes(marks::an_operation_was_taken_back());
    guarded(scenario.must_find(["G38", "G84"]))
}
