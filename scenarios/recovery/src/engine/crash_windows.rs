//! A writer that crashes in any phase of any kind of write leaves nothing that is not recovered.
//!
//! The phases are the store calls of a write, and the failpoints between them. In each run, one write reaches its first
//! table only, and one of the kind comes to one of its failpoints. The seed draws which, which further hits are struck,
//! on which side of the effect, and when the host restarts.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{Fault, FaultExt, Place, Restart, at},
};

use chaosdrill_target_recovery::engine::Request;

use crate::engine::{
    checks::marks,
    clients::{Mix, client, first, first_merges},
    stage::{EngineStage, guarded, watched},
};

/// A kind of write, and the sites at which its writer may crash.
struct Kind {
    name: &'static str,
    claim: &'static str,
    mix: Mix,
    /// What is sent for sure, so that each of the failpoints is passed.
    first: fn() -> Vec<Request>,
    /// The failpoints of this kind; the store calls are the same for every kind.
    points: &'static [&'static str],
    /// The planted bugs that the script must find.
    finds: &'static [&'static str],
}

const NONE: Mix =
    Mix { mutations: 1, deletes: 0, loads: 0, merges: 0, schemas: 0, indices: 0, optimizes: 0 };

const KINDS: [Kind; 7] = [
    Kind {
        name: "recovery/engine-crash-mutation",
        claim: "a mutation whose writer crashes in any phase is in all its tables or in none, and in the end exactly once",
        mix: Mix { mutations: 5, ..NONE },
        first: Vec::new,
        points: &["fp:engine.mutation.post_finalize_pre_publisher"],
        finds: &["G79", "G80"],
    },
    Kind {
        name: "recovery/engine-crash-delete",
        claim: "a delete whose writer crashes before it removes the rows that others depend on is done in all tables or in none",
        mix: Mix { deletes: 4, loads: 2, ..NONE },
        first: first_delete,
        points: &["fp:engine.mutation.delete_node_pre_primary_delete"],
        finds: &["G54"],
    },
    Kind {
        name: "recovery/engine-crash-load",
        claim: "a load whose writer crashes in any phase is in all its tables or in none, and in the end exactly once",
        mix: Mix { loads: 5, ..NONE },
        first: Vec::new,
        points: &["fp:engine.mutation.post_finalize_pre_publisher"],
        finds: &["G79", "G80"],
    },
    Kind {
        name: "recovery/engine-crash-schema",
        claim: "a schema change whose writer crashes in any phase leaves schema, tables and rows that fit each other",
        mix: Mix { schemas: 4, ..NONE },
        first: Vec::new,
        points: &[
            "fp:engine.schema_apply.before_staging_write",
            "fp:engine.schema_apply.after_staging_write",
            "fp:engine.schema_apply.after_manifest_commit",
        ],
        finds: &["G70"],
    },
    Kind {
        name: "recovery/engine-crash-merge",
        claim: "a merge whose writer crashes between any two of its commits is published completely or not at all",
        mix: Mix { merges: 4, loads: 1, ..NONE },
        first: first_merges,
        points: &[
            "fp:engine.branch_merge.adopt_after_append_pre_upsert",
            "fp:engine.branch_merge.adopt_after_upsert_pre_delete",
            "fp:engine.branch_merge.rewrite_after_merge_pre_delete",
            "fp:engine.branch_merge.rewrite_after_delete_pre_index",
            "fp:engine.branch_merge.post_phase_b_pre_manifest_commit",
        ],
        finds: &["G29", "G76"],
    },
    Kind {
        name: "recovery/engine-crash-indices",
        claim: "a writer that crashes while it indexes tables loses no row, and needs no cleanup by a person",
        mix: Mix { indices: 4, mutations: 2, ..NONE },
        first: first_indices,
        points: &[
            "fp:engine.ensure_indices.post_stage_pre_commit_btree",
            "fp:engine.ensure_indices.post_phase_b_pre_manifest_commit",
        ],
        finds: &["G72", "G75"],
    },
    Kind {
        name: "recovery/engine-crash-optimize",
        claim: "a writer that crashes while it compacts tables loses no row, and needs no cleanup by a person",
        mix: Mix { optimizes: 3, mutations: 4, ..NONE },
        first: first_optimize,
        points: &[
            "fp:engine.optimize.before_compact",
            "fp:engine.optimize.post_phase_b_pre_manifest_commit",
        ],
        finds: &["G73", "G74"],
    },
];

/// The step at which a write has reached its first table, and not the second.
const HALF: &str = "store:put-if tables/person/*.json";

/// The store calls of every write.
const CALLS: [&str; 5] = [
    "store:put-if __recovery/*.json",
    "store:put-if tables/knows/*.json",
    "store:put-if tables/person/*.json",
    "store:put-if __manifest.json",
    "store:delete __recovery/*.json",
];

pub(crate) fn scenarios() -> Vec<Scenario> {
    KINDS.iter().map(scenario).collect()
}

fn scenario(kind: &'static Kind) -> Scenario {
    let scenario = Scenario::new(kind.name)
        .claim(kind.claim)
        .topology(|stage| {
            watched(stage.engine())
                .client("c1", |workload| client(workload, "c1", &["w1", "w2"], kind.mix, 10))
                .client("first", |workload| first(workload, &["w1", "w2"], (kind.first)()))
        })
        .faults_drawn(|stream| {
            let point = stream.pick(kind.points).copied().unwrap_or(kind.points[0]);
            let mut faults = vec![
                half_done(stream).crash_before(soon(stream)),
                crash_soon(at(point).on_any().hit(1), stream),
            ];
            // How often a failpoint is hit depends on the requests, which the seed draws.
            if let Some(point) = stream.pick(kind.points) {
                let place = at(*point).on_any().hit(stream.between(2, 4) as u32);
                faults.push(crash_soon(place, stream).optional());
            }
            if let Some(call) = stream.pick(&CALLS) {
                let place = at(*call).on_any().hit(stream.between(1, 8) as u32);
                // A host that stayed away would leave every later write to wait for it.
                faults.push(crash_soon(place, stream).optional());
            }
            faults
        })
        .sometimes(marks::a_host_went_down());
    guarded(scenario.must_find(kind.finds.iter().copied()))
}

fn mutation(number: usize) -> Request {
    Request::Mutation { id: format!("first-{number}"), value: 1 }
}

/// Loads rows, and deletes two of them.
pub(crate) fn first_delete() -> Vec<Request> {
    let load = Request::Load { id: "first-1".into(), values: vec![1, 2, 3] };
    let rows = vec!["first-1.1".into(), "first-1.2".into()];
    vec![load, Request::Delete { id: "first-2".into(), rows }]
}

fn first_indices() -> Vec<Request> {
    vec![mutation(1), Request::EnsureIndices { id: "first-2".into(), table: None }]
}

fn first_optimize() -> Vec<Request> {
    vec![mutation(1), mutation(2), Request::Optimize { id: "first-3".into(), table: None }]
}

/// Where a crash leaves a write half done. The table is created at the first hits, by as many hosts as there are.
pub(crate) fn half_done(stream: &mut Stream) -> Place {
    at(HALF).on_any().hit(stream.between(4, 6) as u32)
}

/// A restart before the chaos ends, so that further faults find the host.
pub(crate) fn soon(stream: &mut Stream) -> Restart {
    Restart::After(Duration::from_secs(if stream.chance(1, 2) { 3 } else { 50 }))
}

/// A crash on either side of the step; the host restarts soon.
pub(crate) fn crash_soon(place: Place, stream: &mut Stream) -> Fault {
    let back = soon(stream);
    if stream.chance(1, 2) { place.crash_before(back) } else { place.crash_after(back) }
}
