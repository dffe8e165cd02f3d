//! What can go wrong, and whether to try again.

use chaosdrill_kit::sql::is_transient;
use chaosdrill_rt::fail::Injected;

/// Why the database or the program itself did not do its part.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PipelineError {
    /// The database did not do its part.
    #[error("failed to {operation}")]
    Storage {
        /// What was asked of it.
        operation: &'static str,
        /// What it said.
        source: sqlx::Error,
    },
    /// A failpoint was told to fail.
    #[error(transparent)]
    Injected(#[from] Injected),
}

impl PipelineError {
    /// Whether the same attempt, made again, may end otherwise.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Storage { source, .. } => is_transient(source),
            Self::Injected(_) => true,
        }
    }
}

/// Makes an error of sqlx's one of ours: `.map_err(storage("pick rows"))`.
pub(crate) fn storage(operation: &'static str) -> impl Fn(sqlx::Error) -> PipelineError {
    move |source| PipelineError::Storage { operation, source }
}
