//! What is stored: manifest, versions of tables, sidecars, audits, the schema.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The newest form of sidecar that this release knows: it writes it, and refuses newer ones.
pub const SIDECAR_VERSION: u32 = 2;

/// From this form on a merge says in its sidecar to which versions it has led, before it publishes them.
pub const CONFIRMED_SINCE: u32 = 2;

/// What kind of writer an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Rows are inserted, across tables.
    Mutation,
    /// Rows are loaded in bulk, across tables.
    Load,
    /// The schema changes: a table comes, a table goes, rows are rewritten.
    SchemaApply,
    /// A branch is merged: rows are appended, changed and deleted, in several commits a table.
    BranchMerge,
    /// Indices are brought up to date.
    EnsureIndices,
    /// Tables are compacted.
    Optimize,
}

/// A table that an operation moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Which table.
    pub table_key: String,
    /// Where it is.
    pub table_path: String,
    /// The version that was published when the operation began.
    pub expected_version: u64,
    /// The version to which its first commit leads, or its only one.
    pub post_commit_pin: u64,
    /// The version to which all its commits have led, once they have.
    pub confirmed_version: Option<u64>,
    /// The branch of the table, where it is not the main one.
    pub table_branch: Option<String>,
}

/// A table that an operation adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Which table.
    pub table_key: String,
    /// Where it is.
    pub table_path: String,
    /// Its first version.
    pub version: u64,
}

/// The intent of an operation, written aside before anything moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// The version of this form.
    pub schema_version: u32,
    /// The operation's id, a ULID.
    pub operation_id: String,
    /// What it is.
    pub kind: Kind,
    /// Who asked for it.
    pub actor_id: String,
    /// Which program carries it out, or takes it back: whoever began it last.
    pub process: String,
    /// Into which branch.
    pub branch: String,
    /// The tables that it moves.
    pub pins: Vec<Pin>,
    /// The tables that it adds.
    pub additional_registrations: Vec<Registration>,
    /// The tables that it removes.
    pub tombstones: Vec<String>,
    /// What it merges, where it is a merge.
    pub merge_source_commit_id: Option<String>,
    /// The schema to which it leads, where it changes it.
    pub schema: Option<u64>,
}

impl Sidecar {
    /// The same operation, which intends nothing any more.
    #[must_use]
    pub fn voided(&self) -> Self {
        Self {
            pins: Vec::new(),
            additional_registrations: Vec::new(),
            tombstones: Vec::new(),
            schema: None,
            ..self.clone()
        }
    }

    /// Whether it intends nothing.
    pub fn is_void(&self) -> bool {
        *self == self.voided()
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What it holds.
    pub value: i64,
    /// The request that wrote it last.
    pub request: String,
}

/// One version of a table; never changed once it is there. The newest is the table's head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableVersion {
    /// Its number; they have no gap.
    pub version: u64,
    /// The version from which its rows were made.
    pub parent: Option<u64>,
    /// The operation that made it, or took itself back by it.
    pub operation: String,
    /// Which of how many commits of that operation it is.
    pub step: u32,
    /// How many commits the operation makes on this table.
    pub of: u32,
    /// Set where it takes its operation back: the version whose rows it has.
    pub restores: Option<u64>,
    /// The schema of its rows.
    pub schema: u64,
    /// Into how many pieces its rows are scattered.
    pub fragments: u32,
    /// How many of its rows are indexed.
    pub indexed: u64,
    /// Its rows, in the order in which they came.
    pub rows: Vec<Row>,
}

/// A table of a published graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Where it is.
    pub path: String,
    /// The version that is published.
    pub version: u64,
}

/// Who published a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The operation that is published by it.
    pub operation: String,
    /// Who asked for it.
    pub actor_id: String,
}

/// The published graph: which version of which table. It is what readers see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Counts its changes.
    pub revision: u64,
    /// The version of the schema.
    pub schema: u64,
    /// All tables.
    pub tables: BTreeMap<String, Entry>,
    /// Operations that are being taken back: nobody may publish them any more.
    pub aborting: Vec<String>,
    /// What led to this revision.
    pub commit: Commit,
}

/// The schema, staged by an operation or in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Its version.
    pub version: u64,
    /// The operation that led to it.
    pub operation: String,
}

/// What recovery did with an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was published, or found published.
    RolledForward,
    /// It was taken back.
    RolledBack,
}

/// What recovery did to one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditTable {
    /// Which table.
    pub table_key: String,
    /// From which version; nothing where the table is new.
    pub from: Option<u64>,
    /// To which version.
    pub to: u64,
}

/// What is written down of a recovery, once for each operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Of which operation.
    pub operation_id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What kind of writer it was.
    pub kind: Kind,
    /// Recovery acts under a name of its own.
    pub actor_id: String,
    /// Who had asked for the operation.
    pub recovery_for_actor: String,
    /// The tables: those that were moved, and those that were added.
    pub tables: Vec<AuditTable>,
    /// Which program recovered it.
    pub process: String,
    /// When, in milliseconds since 1970.
    pub created_at: i64,
}
