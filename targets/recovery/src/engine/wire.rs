//! The wire format of write requests and their answers.

use serde::{Deserialize, Serialize};

use super::model::Kind;

/// The end of a receipt's id.
pub const RECEIPT: &str = ".0";

/// A change of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The id of the row.
    pub id: String,
    /// The new value.
    pub value: i64,
}

/// A write request. The client chooses its id, and retries under that id until it gets an answer.
///
/// The rows that a request adds are named after it, `ID.0` and so on, in all tables. The first is its receipt, which
/// identifies a repeated request. A request that would change or delete a receipt is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Inserts one row into each table.
    Mutation {
        /// The id of the request.
        id: String,
        /// The value of the rows.
        value: i64,
    },
    /// Deletes rows from each table.
    Delete {
        /// The id of the request.
        id: String,
        /// The ids of the rows.
        rows: Vec<String>,
    },
    /// Inserts several rows into each table.
    Load {
        /// The id of the request.
        id: String,
        /// The values, one for each row.
        values: Vec<i64>,
    },
    /// Merges a branch.
    BranchMerge {
        /// The id of the request.
        id: String,
        /// The branch's commit to merge.
        source: String,
        /// Whether the tables have changed since the branch was made.
        diverged: bool,
        /// Rows that the branch added to each table.
        values: Vec<i64>,
        /// Rows that it changed in each table.
        changed: Vec<Change>,
        /// Rows that it deleted from each table.
        deleted: Vec<String>,
    },
    /// Changes the schema to its next version.
    SchemaApply {
        /// The id of the request.
        id: String,
        /// The new version.
        version: u64,
        /// The source of the new schema.
        source: String,
    },
    /// Brings indices up to date.
    EnsureIndices {
        /// The id of the request.
        id: String,
        /// The table; `None` for all.
        table: Option<String>,
    },
    /// Compacts tables.
    Optimize {
        /// The id of the request.
        id: String,
        /// The table; `None` for all.
        table: Option<String>,
    },
}

impl Request {
    /// The id of the request.
    pub fn id(&self) -> &str {
        match self {
            Self::Mutation { id, .. }
            | Self::Delete { id, .. }
            | Self::Load { id, .. }
            | Self::BranchMerge { id, .. }
            | Self::SchemaApply { id, .. }
            | Self::EnsureIndices { id, .. }
            | Self::Optimize { id, .. } => id,
        }
    }

    /// Whether it concerns a table.
    pub fn concerns(&self, key: &str) -> bool {
        match self {
            Self::EnsureIndices { table: Some(table), .. }
            | Self::Optimize { table: Some(table), .. } => table == key,
            _ => true,
        }
    }

    /// A receipt that it would change or delete, if there is one.
    pub fn named_receipt(&self) -> Option<&str> {
        let (changed, deleted): (&[Change], &[String]) = match self {
            Self::Delete { rows, .. } => (&[], rows),
            Self::BranchMerge { changed, deleted, .. } => (changed, deleted),
            _ => return None,
        };
        let mut ids = changed.iter().map(|change| &change.id).chain(deleted);
        ids.find(|id| id.ends_with(RECEIPT)).map(String::as_str)
    }

    /// The kind of the operation.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Mutation { .. } | Self::Delete { .. } => Kind::Mutation,
            Self::Load { .. } => Kind::Load,
            Self::BranchMerge { .. } => Kind::BranchMerge,
            Self::SchemaApply { .. } => Kind::SchemaApply,
            Self::EnsureIndices { .. } => Kind::EnsureIndices,
            Self::Optimize { .. } => Kind::Optimize,
        }
    }
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The operation that tried it; `None` if none was begun.
    pub operation: Option<String>,
    /// Whether it had been done before.
    pub repeated: bool,
    /// The cause of a failure, as a code.
    pub cause: Option<String>,
    /// The error message.
    pub error: Option<String>,
}
