//! Errors of the pipeline, and whether to retry.

use chaosdrill_kit::sql::is_transient;
use chaosdrill_rt::fail::Injected;

/// An error of the database, or an injected one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PipelineError {
    /// The database returned an error.
    #[error("failed to {operation}")]
    Storage {
        /// The operation that failed.
        operation: &'static str,
        /// The error of the database.
        source: sqlx::Error,
    },
    /// A failpoint injected an error.
    #[error(transparent)]
    Injected(#[from] Injected),
}

impl PipelineError {
    /// Whether a retry may succeed.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Storage { source, .. } => is_transient(source),
            Self::Injected(_) => true,
        }
    }
}

/// Wraps an error of sqlx: `.map_err(storage("pick rows"))`.
pub(crate) fn storage(operation: &'static str) -> impl Fn(sqlx::Error) -> PipelineError {
    move |source| PipelineError::Storage { operation, source }
}
