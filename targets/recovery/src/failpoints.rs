//! The catalogue of failpoints: crash windows that are not already marked by a call to the store.

// The cluster layer.

/// The intent to create a graph is written, and the graph is not created yet.
pub const BEFORE_GRAPH_CREATE: &str = "cluster.before_graph_create";
/// A graph is created, and not in the ledger yet.
pub const AFTER_GRAPH_CREATE: &str = "cluster.after_graph_create";
/// The intent to change a schema is written, and the schema is not changed yet.
pub const BEFORE_SCHEMA_APPLY: &str = "cluster.before_schema_apply";
/// A schema is changed, and the ledger has the old one.
pub const AFTER_SCHEMA_APPLY: &str = "cluster.after_schema_apply";
/// The intent to remove a graph is written, and nothing is removed yet.
pub const BEFORE_GRAPH_DELETE: &str = "cluster.before_graph_delete";
/// A graph is removed, and still in the ledger.
pub const AFTER_GRAPH_DELETE: &str = "cluster.after_graph_delete";
/// The payloads of queries are stored, and not in the ledger yet.
pub const AFTER_PAYLOAD_PHASE: &str = "cluster.after_payload_phase";
/// Everything is done except for the write of the ledger.
pub const BEFORE_STATE_WRITE: &str = "cluster.before_state_write";

// The engine layer.

/// All tables of a mutation or a load are moved, and not published yet.
pub const MUTATION_POST_FINALIZE: &str = "engine.mutation.post_finalize_pre_publisher";
/// A delete has removed the rows that depend on others, and not yet those rows themselves.
pub const MUTATION_BEFORE_PRIMARY_DELETE: &str = "engine.mutation.delete_node_pre_primary_delete";
/// The tables of a schema change are moved, and the schema is not staged yet.
pub const SCHEMA_BEFORE_STAGING: &str = "engine.schema_apply.before_staging_write";
/// The schema is staged, and not published yet.
pub const SCHEMA_AFTER_STAGING: &str = "engine.schema_apply.after_staging_write";
/// A schema change is published, and the schema itself is still staged.
pub const SCHEMA_AFTER_MANIFEST: &str = "engine.schema_apply.after_manifest_commit";
/// A merge into an unchanged table has appended rows, and not yet changed any.
pub const MERGE_ADOPT_AFTER_APPEND: &str = "engine.branch_merge.adopt_after_append_pre_upsert";
/// A merge into an unchanged table has changed rows, and not yet deleted any.
pub const MERGE_ADOPT_AFTER_UPSERT: &str = "engine.branch_merge.adopt_after_upsert_pre_delete";
/// A merge into a diverged table has merged rows, and not yet deleted any.
pub const MERGE_REWRITE_AFTER_MERGE: &str = "engine.branch_merge.rewrite_after_merge_pre_delete";
/// A merge into a diverged table has deleted rows, and not yet indexed the rest.
pub const MERGE_REWRITE_AFTER_DELETE: &str = "engine.branch_merge.rewrite_after_delete_pre_index";
/// A merge is complete and confirmed, and not published yet.
pub const MERGE_POST_PHASE_B: &str = "engine.branch_merge.post_phase_b_pre_manifest_commit";
/// An index is built, and not yet committed to its table.
pub const INDICES_POST_STAGE: &str = "engine.ensure_indices.post_stage_pre_commit_btree";
/// Indices are committed, and not published yet.
pub const INDICES_POST_PHASE_B: &str = "engine.ensure_indices.post_phase_b_pre_manifest_commit";
/// A table is about to be compacted.
pub const OPTIMIZE_BEFORE_COMPACT: &str = "engine.optimize.before_compact";
/// Tables are compacted, and not published yet.
pub const OPTIMIZE_POST_PHASE_B: &str = "engine.optimize.post_phase_b_pre_manifest_commit";
/// Recovery has decided to roll an operation forward, and has not published it yet.
pub const BEFORE_ROLL_FORWARD: &str = "engine.recovery.before_roll_forward_publish";
/// Recovery has published a roll-forward or a rollback, and has not recorded its audit yet.
pub const RECORD_AUDIT: &str = "engine.recovery.record_audit";

/// All failpoints.
pub const ALL: &[&str] = &[
    BEFORE_GRAPH_CREATE,
    AFTER_GRAPH_CREATE,
    BEFORE_SCHEMA_APPLY,
    AFTER_SCHEMA_APPLY,
    BEFORE_GRAPH_DELETE,
    AFTER_GRAPH_DELETE,
    AFTER_PAYLOAD_PHASE,
    BEFORE_STATE_WRITE,
    MUTATION_POST_FINALIZE,
    MUTATION_BEFORE_PRIMARY_DELETE,
    SCHEMA_BEFORE_STAGING,
    SCHEMA_AFTER_STAGING,
    SCHEMA_AFTER_MANIFEST,
    MERGE_ADOPT_AFTER_APPEND,
    MERGE_ADOPT_AFTER_UPSERT,
    MERGE_REWRITE_AFTER_MERGE,
    MERGE_REWRITE_AFTER_DELETE,
    MERGE_POST_PHASE_B,
    INDICES_POST_STAGE,
    INDICES_POST_PHASE_B,
    OPTIMIZE_BEFORE_COMPACT,
    OPTIMIZE_POST_PHASE_B,
    BEFORE_ROLL_FORWARD,
    RECORD_AUDIT,
];
