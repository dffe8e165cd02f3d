//! Programs of several releases share a graph: a newer release's intent is respected, an older one's is understood.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{FaultExt, Restart, at},
};

use chaosdrill_target_recovery::engine::EngineConfig;

use crate::engine::{
    checks::marks,
    clients::{ALL_KINDS, Mix, ROWS, client, first, first_merges},
    stage::{EngineStage, guarded, watched},
};

const MERGES: Mix =
    Mix { mutations: 1, deletes: 0, loads: 1, merges: 6, schemas: 0, indices: 0, optimizes: 0 };

/// A newer release writes sidecars that this one does not understand.
pub(crate) fn newer() -> Scenario {
    let scenario = Scenario::new("recovery/engine-newer-release")
        .claim("while the sidecar of a newer release exists, this release neither writes nor opens; the newer release recovers later")
        .topology(|stage| {
            let newer = |config: &mut EngineConfig| {
                (config.writes_sidecars_of, config.reads_sidecars_up_to) = (3, 3);
            };
            let stage = stage.engine().writer("next", newer);
            watched(stage.opener("next-opener", newer, Duration::from_secs(10)))
                .client("c1", |workload| client(workload, "c1", &["w1", "w2"], ALL_KINDS, 10))
                .client("c2", |workload| client(workload, "c2", &["next"], ROWS, 8))
        })
        .faults_drawn(|stream| {
            const PLACES: [&str; 3] = [
                "fp:engine.mutation.post_finalize_pre_publisher",
                "store:put-if tables/person/*.json",
                "store:delete __recovery/*.json",
            ];
            let site = stream.pick(&PLACES).copied().unwrap_or(PLACES[0]);
            let back = Restart::After(Duration::from_secs(stream.between(10, 90)));
            vec![at(site).on("next").hit(stream.between(1, 3) as u32).crash_before(back)]
        })
        .sometimes(marks::refused("a newer sidecar was refused", "newer_sidecar"));
    guarded(scenario.must_find(["G31"]))
}

/// An older release does not confirm its merges. A merge that has reached all its tables is rolled forward as far as it
/// got, and the merge is completed when it is requested again.
pub(crate) fn older() -> Scenario {
    let scenario = Scenario::new("recovery/engine-older-release")
        .claim("an unfinished merge of an older release that has reached all its tables is rolled forward as far as it got, and is complete in the end")
        .topology(|stage| {
            let stage = stage
                .writer("old", |config| config.writes_sidecars_of = 1)
                .openers(&["opener"], Duration::from_secs(10))
                .writers(&["w1"])
                .reader();
            watched(stage)
                .client("c1", |workload| client(workload, "c1", &["old", "w1"], MERGES, 10))
                .client("first", |workload| first(workload, &["old"], first_merges()))
        })
        .faults_drawn(|stream| {
            // The sites, and their hits at which a merge has reached all its tables.
            const PLACES: [(&str, u32); 5] = [
                ("fp:engine.branch_merge.adopt_after_append_pre_upsert", 2),
                ("fp:engine.branch_merge.adopt_after_upsert_pre_delete", 2),
                ("fp:engine.branch_merge.rewrite_after_merge_pre_delete", 2),
                ("fp:engine.branch_merge.rewrite_after_delete_pre_index", 2),
                ("fp:engine.branch_merge.post_phase_b_pre_manifest_commit", 1),
            ];
            let mut crash = |hit: Option<u32>| {
                let (site, reached) = stream.pick(&PLACES).copied().unwrap_or(PLACES[0]);
                let back = Restart::After(Duration::from_secs(stream.between(2, 60)));
                at(site).on("old").hit(hit.unwrap_or(reached)).crash_before(back)
            };
            vec![crash(None), crash(Some(1)).optional(), crash(Some(3)).optional()]
        })
        .sometimes(marks::an_operation_was_rolled_forward());
    guarded(scenario.must_find(["G29b"]))
}
