//! The stored objects: manifest, table versions, sidecars, audits, the schema.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::digest;

/// The version of sidecars that this release writes; it rejects newer ones.
pub const SIDECAR_VERSION: u32 = 2;

/// The first version in which a merge confirms the versions that it reached before it publishes them.
pub const CONFIRMED_SINCE: u32 = 2;

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Inserts rows, across tables.
    Mutation,
    /// Loads rows in bulk, across tables.
    Load,
    /// Changes the schema: adds a table, removes one, rewrites rows.
    SchemaApply,
    /// Merges a branch: appends, changes and deletes rows, in several commits per table.
    BranchMerge,
    /// Brings indices up to date.
    EnsureIndices,
    /// Compacts tables.
    Optimize,
}

/// A table that an operation moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The key of the table.
    pub table_key: String,
    /// The path of the table.
    pub table_path: String,
    /// The version that was published when the operation began.
    pub expected_version: u64,
    /// The version that its first or only commit creates.
    pub post_commit_pin: u64,
    /// The version that all its commits reached, once they are done.
    pub confirmed_version: Option<u64>,
    /// The branch of the table; `None` for the main branch.
    pub table_branch: Option<String>,
}

/// A table that an operation adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The key of the table.
    pub table_key: String,
    /// The path of the table.
    pub table_path: String,
    /// Its first version.
    pub version: u64,
}

/// The intent of an operation, written before anything moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// The version of the sidecar format.
    pub schema_version: u32,
    /// The id of the operation, a ULID.
    pub operation_id: String,
    /// The kind of the operation.
    pub kind: Kind,
    /// The actor that requested it.
    pub actor_id: String,
    /// The program that carries it out or rolls it back, whichever began last.
    pub process: String,
    /// The target branch.
    pub branch: String,
    /// The tables that it moves.
    pub pins: Vec<Pin>,
    /// The tables that it adds.
    pub additional_registrations: Vec<Registration>,
    /// The tables that it removes.
    pub tombstones: Vec<String>,
    /// The commit that it merges, if it is a merge.
    pub merge_source_commit_id: Option<String>,
    /// The new schema, if it changes the schema.
    pub schema: Option<u64>,
}

impl Sidecar {
    /// The same operation with an empty intent.
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

    /// Whether its intent is empty.
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

/// One version of a table, immutable. The newest is the table's head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableVersion {
    /// Its number; there are no gaps.
    pub version: u64,
    /// The version that its rows derive from.
    pub parent: Option<u64>,
    /// The operation that created it or was rolled back by it.
    pub operation: String,
    /// The number of this commit among the operation's commits on this table.
    pub step: u32,
    /// The number of the operation's commits on this table.
    pub of: u32,
    /// For a rollback: the version whose rows it has.
    pub restores: Option<u64>,
    /// The schema of its rows.
    pub schema: u64,
    /// The number of fragments of its rows.
    pub fragments: u32,
    /// The number of indexed rows.
    pub indexed: u64,
    /// Its rows, in insertion order.
    pub rows: Vec<Row>,
}

/// A table of a published graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The path of the table.
    pub path: String,
    /// The published version.
    pub version: u64,
}

/// The author of a manifest revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The operation that it publishes.
    pub operation: String,
    /// The actor that requested it.
    pub actor_id: String,
}

/// The published graph, as readers see it: one version of each table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The number of changes so far.
    pub revision: u64,
    /// The version of the schema.
    pub schema: u64,
    /// All tables.
    pub tables: BTreeMap<String, Entry>,
    /// Operations that are being rolled back: no program may publish them any more.
    pub aborting: Vec<String>,
    /// The commit that created this revision.
    pub commit: Commit,
}

/// A schema, staged by an operation or in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Its version.
    pub version: u64,
    /// The operation that created it.
    pub operation: String,
    /// The digest of its source.
    pub digest: String,
    /// Its source.
    pub source: String,
}

impl Schema {
    /// A version of the schema, as an operation creates it.
    pub fn new(version: u64, operation: &str, source: &str) -> Self {
        let (operation, source) = (operation.to_owned(), source.to_owned());
        Self { version, operation, digest: digest(source.as_bytes()), source }
    }
}

/// The outcome of a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The operation was published, now or before.
    RolledForward,
    /// The operation was rolled back.
    RolledBack,
}

/// The effect of a recovery on one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditTable {
    /// The key of the table.
    pub table_key: String,
    /// The version before; `None` if the table is new.
    pub from: Option<u64>,
    /// The version after.
    pub to: u64,
}

/// The audit of a recovery, recorded once per operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// The operation.
    pub operation_id: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The kind of the operation.
    pub kind: Kind,
    /// The name under which recovery acts.
    pub actor_id: String,
    /// The actor that requested the operation.
    pub recovery_for_actor: String,
    /// The tables that were moved or added.
    pub tables: Vec<AuditTable>,
    /// The program that recovered it.
    pub process: String,
    /// The time, in milliseconds since 1970.
    pub created_at: i64,
}
