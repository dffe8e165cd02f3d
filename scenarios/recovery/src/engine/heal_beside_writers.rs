//! Writers heal while other writers are at work, in the same program and in others: a write in progress is left alone,
//! or published.

use std::time::Duration;

use chaosdrill::{
    BoxError, Scenario, Workload,
    fault::{FaultExt, at},
};
use chaosdrill_target_recovery::engine::Request;

use crate::engine::{
    checks::marks,
    clients::{ADMIN, ALL_KINDS, Sender, client, source_of},
    stage::{EngineStage, guarded, watched},
};

/// Sites at which a write is partly done.
const PLACES: [&str; 9] = [
    "fp:engine.mutation.post_finalize_pre_publisher",
    "fp:engine.schema_apply.before_staging_write",
    "fp:engine.schema_apply.after_staging_write",
    "fp:engine.branch_merge.adopt_after_append_pre_upsert",
    "fp:engine.branch_merge.rewrite_after_merge_pre_delete",
    "fp:engine.branch_merge.post_phase_b_pre_manifest_commit",
    "fp:engine.ensure_indices.post_stage_pre_commit_btree",
    "store:put-if tables/person/*.json",
    "store:put-if __manifest.json",
];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-heal-beside-writers")
        .claim("a recovering writer rolls nothing back and puts no schema in force while another writer is working")
        .topology(|stage| {
            watched(stage.engine())
                .client("c1", |workload| client(workload, "c1", &["w1"], ALL_KINDS, 8))
                .client("c2", |workload| client(workload, "c2", &["w2"], ALL_KINDS, 8))
                .client("admin", |workload| client(workload, "admin", &["w1"], ADMIN, 6))
                .client("first", first)
        })
        // One write is slow, or its whole host stalls, sometimes longer than writers may take; the others continue.
        .faults_drawn(|stream| {
            let slow = |_| {
                let site = stream.pick(&PLACES).copied().unwrap_or(PLACES[0]);
                let place = at(site).on_any().hit(stream.between(1, 4) as u32);
                let lasts = Duration::from_millis(match stream.below(4) {
                    0 => stream.between(35_000, 60_000),
                    _ => stream.between(500, 9_000),
                });
                if stream.chance(1, 2) { place.delay(lasts) } else { place.stall(lasts) }.optional()
            };
            let mut faults: Vec<_> = (0..4).map(slow).collect();
            // One write is so slow that others take it back.
            let place = at("fp:engine.branch_merge.rewrite_after_merge_pre_delete").on_any();
            let hit = stream.between(1, 4) as u32;
            let lasts = Duration::from_millis(stream.between(35_000, 60_000));
            faults.push(place.hit(hit).stall(lasts).optional());
            // One schema is staged and complete, but not published, while the other writer heals.
            let staged = at("fp:engine.schema_apply.after_staging_write").on("w1").hit(1);
            faults.push(staged.delay(Duration::from_millis(stream.between(4_000, 9_000))));
            faults
        })
        .sometimes(marks::an_operation_was_deferred())
        .sometimes(marks::an_operation_was_taken_back())
        .sometimes(marks::an_operation_was_rolled_forward());
    guarded(scenario.must_find(["G32", "G35"]))
}

/// Makes sure that there is a schema to stage; an administrator that asks for the same version finds it done.
async fn first(workload: Workload) -> Result<(), BoxError> {
    let request = Request::SchemaApply { id: "first-1".into(), version: 1, source: source_of(1) };
    Sender::new(workload, "first", &["w1"]).send(&request).await;
    Ok(())
}
