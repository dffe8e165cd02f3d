//! A writer that crashes in any phase of any kind of write leaves nothing that is not recovered.
//!
//! The phases are the store calls of a write, and the failpoints between them. The seed draws which hits are struck, on
//! which side of the effect, and when the host restarts.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{Fault, FaultExt, Place, Restart, at},
};

use crate::engine::{
    checks::marks,
    clients::{Mix, client},
    stage::{EngineStage, guarded, watched},
};

/// A kind of write, and the sites at which its writer may crash.
struct Kind {
    name: &'static str,
    claim: &'static str,
    mix: Mix,
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
        points: &["fp:engine.mutation.post_finalize_pre_publisher"],
        finds: &[],
    },
    Kind {
        name: "recovery/engine-crash-delete",
        claim: "a delete whose writer crashes before it removes the rows that others depend on is done in all tables or in none",
        mix: Mix { deletes: 4, loads: 2, ..NONE },
        points: &["fp:engine.mutation.delete_node_pre_primary_delete"],
        finds: &["G54"],
    },
    Kind {
        name: "recovery/engine-crash-load",
        claim: "a load whose writer crashes in any phase is in all its tables or in none, and in the end exactly once",
        mix: Mix { loads: 5, ..NONE },
        points: &["fp:engine.mutation.post_finalize_pre_publisher"],
        finds: &[],
    },
    Kind {
        name: "recovery/engine-crash-schema",
        claim: "a schema change whose writer crashes in any phase leaves schema, tables and rows that fit each other",
        mix: Mix { schemas: 4, ..NONE },
        points: &[
            "fp:engine.schema_apply.before_staging_write",
            "fp:engine.schema_apply.after_staging_write",
            "fp:engine.schema_apply.after_manifest_commit",
        ],
        finds: &[],
    },
    Kind {
        name: "recovery/engine-crash-merge",
        claim: "a merge whose writer crashes between any two of its commits is published completely or not at all",
        mix: Mix { merges: 4, loads: 1, ..NONE },
        points: &[
            "fp:engine.branch_merge.adopt_after_append_pre_upsert",
            "fp:engine.branch_merge.adopt_after_upsert_pre_delete",
            "fp:engine.branch_merge.rewrite_after_merge_pre_delete",
            "fp:engine.branch_merge.rewrite_after_delete_pre_index",
            "fp:engine.branch_merge.post_phase_b_pre_manifest_commit",
        ],
        finds: &["G29"],
    },
    Kind {
        name: "recovery/engine-crash-indices",
        claim: "a writer that crashes while it indexes tables loses no row, and needs no cleanup by a person",
        mix: Mix { indices: 4, mutations: 2, ..NONE },
        points: &[
            "fp:engine.ensure_indices.post_stage_pre_commit_btree",
            "fp:engine.ensure_indices.post_phase_b_pre_manifest_commit",
        ],
        finds: &[],
    },
    Kind {
        name: "recovery/engine-crash-optimize",
        claim: "a writer that crashes while it compacts tables loses no row, and needs no cleanup by a person",
        mix: Mix { optimizes: 3, mutations: 4, ..NONE },
        points: &[
            "fp:engine.optimize.before_compact",
            "fp:engine.optimize.post_phase_b_pre_manifest_commit",
        ],
        finds: &[],
    },
];

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
        })
        .faults_drawn(|stream| {
            // How often a failpoint is hit depends on the requests, which the seed draws.
            let mut points: Vec<(&str, u64)> = Vec::new();
            points.extend(stream.pick(kind.points).map(|site| (*site, 3)));
            points.extend(stream.pick(kind.points).map(|site| (*site, 3)));
            // The store calls are the same for every kind.
            points.extend(stream.pick(&CALLS).map(|site| (*site, 8)));
            let mut faults: Vec<Fault> = Vec::new();
            for (site, hit_max) in points {
                let place = at(site).on_any().hit(stream.between(1, hit_max) as u32);
                faults.push(crash(place, stream).optional());
            }
            faults
        })
        .sometimes(marks::a_host_went_down());
    guarded(scenario.must_find(kind.finds.iter().copied()))
}

/// A crash on either side of the step; the host restarts soon, late, or at the end of the chaos.
pub(crate) fn crash(place: Place, stream: &mut Stream) -> Fault {
    let back = match stream.below(3) {
        0 => Restart::After(Duration::from_secs(3)),
        1 => Restart::After(Duration::from_secs(50)),
        _ => Restart::AtHeal,
    };
    if stream.chance(1, 2) { place.crash_before(back) } else { place.crash_after(back) }
}
