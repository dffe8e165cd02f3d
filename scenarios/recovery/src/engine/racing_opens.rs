//! Several programs open the graph with one pending sidecar at the same time: one of them recovers it, and none fails
//! because of it.
//!
//! The first opener that decides to roll forward is held there, or before it reports so, while the others run to
//! completion.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{Fault, FaultExt, Restart, at},
};

use crate::engine::{
    checks::marks,
    clients::{ADMIN, ALL_KINDS, client},
    stage::{EngineStage, guarded, watched},
};

/// Sites at which a complete write is left behind.
const COMPLETE: [&str; 3] = [
    "fp:engine.mutation.post_finalize_pre_publisher",
    "fp:engine.branch_merge.post_phase_b_pre_manifest_commit",
    "fp:engine.schema_apply.after_staging_write",
];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-racing-opens")
        .claim("if several hosts recover one operation at once, one does it, the others find it done, and it is recorded once")
        .topology(|stage| {
            let stage = stage
                .writers(&["w1", "w2"])
                .openers(&["o1", "o2", "o3"], Duration::from_secs(4))
                .reader();
            watched(stage)
                .client("c1", |workload| client(workload, "c1", &["w1"], ALL_KINDS, 8))
                .client("admin", |workload| client(workload, "admin", &["w1"], ADMIN, 6))
        })
        .faults_drawn(|stream| {
            let mut faults = Vec::new();
            for (site, hit) in COMPLETE.into_iter().flat_map(|site| [(site, 1), (site, 2)]) {
                let back = Restart::After(Duration::from_secs(stream.between(1, 20)));
                faults.push(at(site).on("w1").hit(hit).crash_before(back).optional());
            }
            for hit in 1..=12 {
                faults.push(hold("fp:engine.recovery.before_roll_forward_publish", hit, 8, stream));
                // Some of the openers that are done report at once, and others later than the rest.
                if stream.chance(1, 2) {
                    faults.push(hold("fp:engine.recovery.record_audit", hit, 20, stream));
                }
            }
            faults
        })
        .chaos_at_most(Duration::from_secs(5 * 60))
        .sometimes(marks::an_operation_was_rolled_forward())
        .sometimes(marks::a_recovery_found_its_work_done());
    guarded(scenario.must_find(["G14"]))
}

/// Holds any host at this site for a while.
fn hold(site: &str, hit: u32, seconds_max: u64, stream: &mut Stream) -> Fault {
    let lasts = Duration::from_millis(stream.between(1, seconds_max * 1_000));
    at(site).on_any().hit(hit).stall(lasts).optional()
}
