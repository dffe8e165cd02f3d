//! The errors of the engine.

use chaosdrill_rt::fail::Injected;

use super::{
    manifest::PublishError,
    objects::{PutError, StoreError},
};

/// Why an operation, a recovery or an open failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sidecar of a newer release, whose intent is unknown.
    #[error("{path} has version {version}, of a newer release")]
    NewerSidecar {
        /// Its path.
        path: String,
        /// Its version.
        version: u64,
    },
    /// The published version is ahead of its table.
    #[error("{table_key} is published ahead of its head")]
    Invariant {
        /// The key of the table.
        table_key: String,
    },
    /// A table is moved, but not published: an operation is or was in progress.
    #[error("{table_key} is at {head}, and published at {published}")]
    Pending {
        /// The key of the table.
        table_key: String,
        /// Its newest version.
        head: u64,
        /// The published one.
        published: u64,
    },
    /// Another program was faster.
    #[error("somebody else was first: {0}")]
    Conflict(String),
    /// The request is invalid, and a retry will not help.
    #[error("{0}")]
    Refused(String),
    /// A failpoint returned an error.
    #[error(transparent)]
    Injected(#[from] Injected),
}

impl EngineError {
    /// The error as a one-word code.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Call(_)) => "store",
            Self::Store(StoreError::Broken { .. }) => "broken",
            Self::NewerSidecar { .. } => "newer_sidecar",
            Self::Invariant { .. } => "invariant",
            Self::Pending { .. } => "pending",
            Self::Conflict(_) => "conflict",
            Self::Refused(_) => "refused",
            Self::Injected(_) => "injected",
        }
    }
}

impl From<PutError> for EngineError {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Taken(path) => Self::Conflict(path),
            PutError::Store(error) => Self::Store(error),
        }
    }
}

impl From<PublishError> for EngineError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Store(error) => Self::Store(error),
            other => Self::Conflict(other.to_string()),
        }
    }
}
