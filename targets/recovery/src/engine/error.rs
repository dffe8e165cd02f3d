//! Why the engine did not do what it was asked for.

use chaosdrill_rt::fail::Injected;

use super::{
    manifest::PublishError,
    objects::{PutError, StoreError},
};

/// Why an operation, a recovery or an open did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sidecar of a newer release: nobody here knows what it intends.
    #[error("{path} has version {version}, of a newer release")]
    NewerSidecar {
        /// Which one.
        path: String,
        /// Its version.
        version: u64,
    },
    /// What is published is ahead of its table.
    #[error("{table_key} is published ahead of its head")]
    Invariant {
        /// Which table.
        table_key: String,
    },
    /// A table is moved, and not published: somebody is at work, or was.
    #[error("{table_key} is at {head}, and published at {published}")]
    Pending {
        /// Which table.
        table_key: String,
        /// Its newest version.
        head: u64,
        /// The published one.
        published: u64,
    },
    /// Somebody else was faster.
    #[error("somebody else was first: {0}")]
    Conflict(String),
    /// What is asked for makes no sense, and never will.
    #[error("{0}")]
    Refused(String),
    /// A failpoint's.
    #[error(transparent)]
    Injected(#[from] Injected),
}

impl EngineError {
    /// In one word.
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
