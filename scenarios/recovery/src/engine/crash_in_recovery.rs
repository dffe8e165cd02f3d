//! If recovery crashes too, the next recovery continues from wherever it stopped.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{FaultExt, Restart, at},
};

use crate::engine::{
    checks::marks,
    clients::{ADMIN, ALL_KINDS, client, first, first_mutation},
    crash_windows::{crash_soon, half_done, soon},
    stage::{EngineStage, guarded, watched},
};

/// Sites at which a write is left behind, complete or partly done.
const LEFT: [&str; 6] = [
    "fp:engine.mutation.post_finalize_pre_publisher",
    "fp:engine.branch_merge.post_phase_b_pre_manifest_commit",
    "fp:engine.branch_merge.adopt_after_append_pre_upsert",
    "fp:engine.schema_apply.after_staging_write",
    "store:put-if tables/person/*.json",
    "store:put-if __manifest.json",
];

/// The steps of a recovery.
const STEPS: [&str; 6] = [
    "fp:engine.recovery.before_roll_forward_publish",
    "fp:engine.recovery.record_audit",
    "store:put-if tables/knows/*.json",
    "store:put-if __manifest.json",
    "store:put-if _graph_commit_recoveries/*.json",
    "store:delete __recovery/*.json",
];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-crash-in-recovery")
        .claim("a recovery that crashes at any of its steps is resumed, and ends in the same state")
        .topology(|stage| {
            watched(stage.engine())
                .client("c1", |workload| client(workload, "c1", &["w1"], ALL_KINDS, 12))
                .client("admin", |workload| client(workload, "admin", &["w1"], ADMIN, 6))
                .client("first", |workload| first(workload, &["w1"], first_mutation()))
        })
        .faults_drawn(|stream| {
            // A complete write is left behind for sure, and one that is only in its first table. The first host that
            // publishes the complete one crashes before it records that.
            let [complete, ..] = LEFT;
            let [_, record, ..] = STEPS;
            let back = Restart::After(Duration::from_secs(stream.between(15, 40)));
            let mut faults = vec![
                at(complete).on("w1").hit(1).crash_before(back),
                half_done(stream).crash_before(soon(stream)),
                at(record).on_any().hit(1).crash_before(Restart::After(Duration::from_secs(5))),
            ];
            for _ in 0..2 {
                let site = stream.pick(&LEFT).copied().unwrap_or(LEFT[0]);
                let hit = stream.between(1, 4) as u32;
                let back = Restart::After(Duration::from_secs(stream.between(1, 20)));
                faults.push(at(site).on("w1").hit(hit).crash_before(back).optional());
            }
            // The opener only recovers; the writer recovers at its start.
            let mut step = || stream.pick(&STEPS).copied().unwrap_or(STEPS[0]);
            let [of_opener, of_w2] = [step(), step()];
            faults.push(crash_soon(at(of_opener).on("opener").hit(2), stream).optional());
            for (site, host) in [(of_w2, "w2"), (STEPS[0], "w1")] {
                faults.push(crash_soon(at(site).on(host).hit(1), stream).optional());
            }
            faults
        })
        .sometimes(marks::a_host_went_down())
        .sometimes(marks::an_operation_was_rolled_forward())
        .sometimes(marks::an_operation_was_taken_back());
    guarded(scenario.must_find(["G71"]))
}
