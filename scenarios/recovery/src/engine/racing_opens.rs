//! Several programs open the graph with one pending sidecar at the same time: one of them recovers it, and none fails
//! because of it.
//!
//! A complete write is left behind for sure. The first opener that decides to publish it is held there for two to three
//! rounds of the others. Time is virtual, so one of them publishes it in between, and the first loses the
//! compare-and-swap. Later ones are held there or before they report, for a time that the seed draws.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{Fault, FaultExt, Restart, at},
};

use crate::engine::{
    checks::marks,
    clients::{ADMIN, ALL_KINDS, client, first, first_mutation},
    stage::{EngineStage, guarded, watched},
};

/// The failpoint of an opener that has decided to publish what was left behind.
const DECIDED: &str = "fp:engine.recovery.before_roll_forward_publish";

/// Sites at which further complete writes are left behind.
const COMPLETE: [&str; 3] = [
    "fp:engine.mutation.post_finalize_pre_publisher",
    "fp:engine.branch_merge.post_phase_b_pre_manifest_commit",
    "fp:engine.schema_apply.after_staging_write",
];

/// How often each opener opens the graph.
const OPENS_EVERY: Duration = Duration::from_secs(4);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-racing-opens")
        .claim("if several hosts recover one operation at once, one does it, the others find it done, and it is recorded once")
        .topology(|stage| {
            let stage = stage
                .writers(&["w1", "w2"])
                .openers(&["o1", "o2", "o3"], OPENS_EVERY)
                .reader();
            watched(stage)
                .client("c1", |workload| client(workload, "c1", &["w1"], ALL_KINDS, 8))
                .client("admin", |workload| client(workload, "admin", &["w1"], ADMIN, 6))
                .client("first", |workload| first(workload, &["w1"], first_mutation()))
        })
        .faults_drawn(|stream| {
            let back = |stream: &mut Stream, least| {
                Restart::After(Duration::from_secs(stream.between(least, 20)))
            };
            // The writer of the first complete write is gone for longer than it takes the openers to see it.
            let [complete, ..] = COMPLETE;
            let mut faults = vec![
                at(complete).on("w1").hit(1).crash_before(back(stream, 15)),
                hold(DECIDED, 1, (8_000, 12_000), stream),
            ];
            for (site, hit) in COMPLETE.into_iter().flat_map(|site| [(site, 1), (site, 2)]).skip(1) {
                faults.push(at(site).on("w1").hit(hit).crash_before(back(stream, 1)).optional());
            }
            for hit in 2..=12 {
                faults.push(hold(DECIDED, hit, (1, 4_000), stream).optional());
                // Some of the openers that are done report at once, and others later than the rest.
                if stream.chance(1, 2) {
                    let reported = "fp:engine.recovery.record_audit";
                    faults.push(hold(reported, hit, (1, 20_000), stream).optional());
                }
            }
            faults
        })
        .chaos_at_most(Duration::from_secs(5 * 60))
        .sometimes(marks::an_operation_was_rolled_forward())
        .sometimes(marks::a_recovery_found_its_work_done());
    guarded(scenario.must_find(["G14", "G15", "G15b", "G71"]))
}

/// Holds any host at this site for a while.
fn hold(site: &str, hit: u32, ms: (u64, u64), stream: &mut Stream) -> Fault {
    at(site).on_any().hit(hit).stall(Duration::from_millis(stream.between(ms.0, ms.1)))
}
