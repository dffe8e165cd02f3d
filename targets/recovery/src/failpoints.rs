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
];
