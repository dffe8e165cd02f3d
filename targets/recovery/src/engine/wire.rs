//! What writers are asked for, and what they answer.

use serde::{Deserialize, Serialize};

use super::model::Kind;

/// A row that is to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Which one.
    pub id: String,
    /// What it is to hold.
    pub value: i64,
}

/// A request to write. Its sender gives it an id, and sends it again under that id until it is answered.
///
/// The rows that a request adds are named after it, `ID.0` and so on, in all tables. The first is its receipt: by it
/// a request is known that comes again. No request changes or deletes a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// One row is inserted into each table.
    Mutation {
        /// Its id.
        id: String,
        /// What the rows hold.
        value: i64,
    },
    /// Several rows are inserted into each table.
    Load {
        /// Its id.
        id: String,
        /// What they hold, and how many they are.
        values: Vec<i64>,
    },
    /// A branch is merged.
    BranchMerge {
        /// Its id.
        id: String,
        /// The commit of the branch that is merged.
        source: String,
        /// Whether the tables have gone on since the branch was made.
        diverged: bool,
        /// Rows that the branch has added to each table.
        values: Vec<i64>,
        /// Rows that it has changed, in each table.
        changed: Vec<Change>,
        /// Rows that it has deleted, from each table.
        deleted: Vec<String>,
    },
    /// The schema goes to its next version.
    SchemaApply {
        /// Its id.
        id: String,
        /// That version.
        version: u64,
    },
    /// Indices are brought up to date.
    EnsureIndices {
        /// Its id.
        id: String,
        /// Of which table; of all where it is not said.
        table: Option<String>,
    },
    /// Tables are compacted.
    Optimize {
        /// Its id.
        id: String,
        /// Which one; all where it is not said.
        table: Option<String>,
    },
}

impl Request {
    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::Mutation { id, .. }
            | Self::Load { id, .. }
            | Self::BranchMerge { id, .. }
            | Self::SchemaApply { id, .. }
            | Self::EnsureIndices { id, .. }
            | Self::Optimize { id, .. } => id,
        }
    }

    /// Whether it is about a table.
    pub fn concerns(&self, key: &str) -> bool {
        match self {
            Self::EnsureIndices { table: Some(table), .. }
            | Self::Optimize { table: Some(table), .. } => table == key,
            _ => true,
        }
    }

    /// Of what kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Mutation { .. } => Kind::Mutation,
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
    /// The operation by which it was tried; nothing where none was begun.
    pub operation: Option<String>,
    /// Whether it had been done before.
    pub repeated: bool,
    /// Why it was not done, in one word.
    pub cause: Option<String>,
    /// The same, in words.
    pub error: Option<String>,
}
