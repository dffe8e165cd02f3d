//! The catalogue of failpoints: the crash windows that no call to the store marks already.

// The cluster layer.

/// The intent to create a graph is written, and nothing has been created.
pub const BEFORE_GRAPH_CREATE: &str = "cluster.before_graph_create";
/// A graph is created, and the ledger does not know.
pub const AFTER_GRAPH_CREATE: &str = "cluster.after_graph_create";
/// The intent to change a schema is written, and nothing has changed.
pub const BEFORE_SCHEMA_APPLY: &str = "cluster.before_schema_apply";
/// A schema is changed, and the ledger does not know.
pub const AFTER_SCHEMA_APPLY: &str = "cluster.after_schema_apply";
/// The intent to remove a graph is written, and nothing is removed.
pub const BEFORE_GRAPH_DELETE: &str = "cluster.before_graph_delete";
/// A graph is removed, and the ledger does not know.
pub const AFTER_GRAPH_DELETE: &str = "cluster.after_graph_delete";
/// The payloads of queries are stored, and the ledger does not name them.
pub const AFTER_PAYLOAD_PHASE: &str = "cluster.after_payload_phase";
/// Everything is done but the ledger.
pub const BEFORE_STATE_WRITE: &str = "cluster.before_state_write";

// The engine layer.

/// All tables of a mutation or a load are moved, and nothing is published.
pub const MUTATION_POST_FINALIZE: &str = "engine.mutation.post_finalize_pre_publisher";
/// The tables of a change of the schema are moved, and the schema is not staged.
pub const SCHEMA_BEFORE_STAGING: &str = "engine.schema_apply.before_staging_write";
/// The schema is staged, and nothing is published.
pub const SCHEMA_AFTER_STAGING: &str = "engine.schema_apply.after_staging_write";
/// A change of the schema is published, and the schema itself is still staged.
pub const SCHEMA_AFTER_MANIFEST: &str = "engine.schema_apply.after_manifest_commit";
/// A merge into an unchanged table has appended, and not yet changed rows.
pub const MERGE_ADOPT_AFTER_APPEND: &str = "engine.branch_merge.adopt_after_append_pre_upsert";
/// A merge into an unchanged table has changed rows, and not yet deleted any.
pub const MERGE_ADOPT_AFTER_UPSERT: &str = "engine.branch_merge.adopt_after_upsert_pre_delete";
/// A merge into a table of its own history has merged rows, and not yet deleted any.
pub const MERGE_REWRITE_AFTER_MERGE: &str = "engine.branch_merge.rewrite_after_merge_pre_delete";
/// A merge into a table of its own history has deleted rows, and not yet indexed the rest.
pub const MERGE_REWRITE_AFTER_DELETE: &str = "engine.branch_merge.rewrite_after_delete_pre_index";
/// A merge is complete and confirmed, and nothing is published.
pub const MERGE_POST_PHASE_B: &str = "engine.branch_merge.post_phase_b_pre_manifest_commit";
/// An index is built, and not yet committed to its table.
pub const INDICES_POST_STAGE: &str = "engine.ensure_indices.post_stage_pre_commit_btree";
/// Indices are committed, and nothing is published.
pub const INDICES_POST_PHASE_B: &str = "engine.ensure_indices.post_phase_b_pre_manifest_commit";
/// A table is about to be compacted.
pub const OPTIMIZE_BEFORE_COMPACT: &str = "engine.optimize.before_compact";
/// Tables are compacted, and nothing is published.
pub const OPTIMIZE_POST_PHASE_B: &str = "engine.optimize.post_phase_b_pre_manifest_commit";
/// Recovery has decided to roll an operation forward, and has not published it.
pub const BEFORE_ROLL_FORWARD: &str = "engine.recovery.before_roll_forward_publish";
/// Recovery has published what it rolled forward or back, and has not said so.
pub const RECORD_AUDIT: &str = "engine.recovery.record_audit";

/// All of them.
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
