//! The crash windows of the cluster's commands and of the engine's writers, by name, with the faults that represent
//! each: coverage goals of the target.

use chaosdrill::CoverageGoal;

const CRASHES: &[&str] = &["crash-before", "crash-after"];
const LOST: &[&str] = &["crash-after", "lost-ack"];

pub(crate) fn all() -> Vec<CoverageGoal> {
    cluster().into_iter().chain(engine()).collect()
}

fn cluster() -> [CoverageGoal; 13] {
    [
        CoverageGoal::new("C1", "intent written, nothing created")
            .struck("fp:cluster.before_graph_create", CRASHES),
        CoverageGoal::new("C2", "a graph created only in part")
            .struck("store:put-if graphs/people.omni/tables/person/*.json", LOST)
            .struck("store:put-if graphs/places.omni/tables/person/*.json", LOST),
        CoverageGoal::new("C3", "created, not recorded")
            .struck("fp:cluster.after_graph_create", CRASHES),
        CoverageGoal::new("C4", "intent written, schema unchanged")
            .struck("fp:cluster.before_schema_apply", CRASHES),
        CoverageGoal::new("C5", "schema change published, not in force")
            .struck("store:put-if graphs/people.omni/__manifest.json", LOST)
            .struck("store:put-if graphs/places.omni/__manifest.json", LOST)
            .struck("fp:engine.schema_apply.after_manifest_commit", CRASHES),
        CoverageGoal::new("C6", "schema changed, not recorded")
            .struck("fp:cluster.after_schema_apply", CRASHES),
        CoverageGoal::new("C7", "payloads stored, not yet named by the ledger")
            .struck("fp:cluster.after_payload_phase", CRASHES),
        CoverageGoal::new("C8", "intent written, nothing removed")
            .struck("fp:cluster.before_graph_delete", CRASHES),
        CoverageGoal::new("C9", "a graph removed only in part")
            .struck("store:delete graphs/places.omni/__manifest.json", CRASHES),
        CoverageGoal::new("C10", "removed, not recorded")
            .struck("fp:cluster.after_graph_delete", CRASHES),
        CoverageGoal::new("C11", "everything done except the ledger")
            .struck("fp:cluster.before_state_write", CRASHES),
        CoverageGoal::new("C12", "ledger written, sidecars still there")
            .struck("store:put-if __cluster/state.json", LOST)
            .struck("store:delete __cluster/recoveries/*.json", &["crash-before"]),
        CoverageGoal::new("C13", "ledger written, the approval's file not marked")
            .struck("store:put-if __cluster/approvals/*.json", &["crash-before"]),
    ]
}

fn engine() -> [CoverageGoal; 14] {
    [
        CoverageGoal::new("E1", "phase A: sidecar written, nothing moved")
            .struck("store:put-if __recovery/*.json", LOST),
        CoverageGoal::new("E2", "phase B: some heads moved")
            .struck("store:put-if tables/person/*.json", LOST)
            .struck("store:put-if tables/knows/*.json", LOST),
        CoverageGoal::new("E3", "mutation or load: all heads moved, not published")
            .struck("fp:engine.mutation.post_finalize_pre_publisher", CRASHES),
        CoverageGoal::new("E4", "schema: around its staging")
            .struck("fp:engine.schema_apply.before_staging_write", CRASHES)
            .struck("fp:engine.schema_apply.after_staging_write", CRASHES),
        CoverageGoal::new("E5", "schema: published, not in force")
            .struck("fp:engine.schema_apply.after_manifest_commit", CRASHES),
        CoverageGoal::new("E6", "merge: between two of its commits")
            .struck("fp:engine.branch_merge.adopt_after_append_pre_upsert", CRASHES)
            .struck("fp:engine.branch_merge.adopt_after_upsert_pre_delete", CRASHES)
            .struck("fp:engine.branch_merge.rewrite_after_merge_pre_delete", CRASHES)
            .struck("fp:engine.branch_merge.rewrite_after_delete_pre_index", CRASHES),
        CoverageGoal::new("E7", "merge: confirmed, not published")
            .struck("fp:engine.branch_merge.post_phase_b_pre_manifest_commit", CRASHES),
        CoverageGoal::new("E8", "indices: between and after their tables")
            .struck("fp:engine.ensure_indices.post_stage_pre_commit_btree", CRASHES)
            .struck("fp:engine.ensure_indices.post_phase_b_pre_manifest_commit", CRASHES),
        CoverageGoal::new("E9", "compaction: before and after its tables")
            .struck("fp:engine.optimize.before_compact", CRASHES)
            .struck("fp:engine.optimize.post_phase_b_pre_manifest_commit", CRASHES),
        CoverageGoal::new("E10", "phase C: published, but the answer is lost")
            .struck("store:put-if __manifest.json", LOST),
        CoverageGoal::new("E11", "phase D: published, sidecar still there")
            .struck("store:delete __recovery/*.json", &["crash-before", "error"]),
        CoverageGoal::new("E12", "recovery: classified, not published")
            .struck("fp:engine.recovery.before_roll_forward_publish", CRASHES),
        CoverageGoal::new("E13", "recovery: published, around its audit")
            .struck("fp:engine.recovery.record_audit", &[])
            .struck("store:put-if _graph_commit_recoveries/*.json", CRASHES),
        CoverageGoal::new("E14", "delete: what depends on rows is deleted, the rows are not")
            .struck("fp:engine.mutation.delete_node_pre_primary_delete", CRASHES),
    ]
}
