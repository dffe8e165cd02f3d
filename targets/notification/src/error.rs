//! The errors of the pipeline, and their HTTP statuses.

use chaosdrill_rt::fail::Injected;

/// Why a request or an operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotificationError {
    /// The database failed.
    #[error("failed to {operation}")]
    Storage {
        /// The operation.
        operation: &'static str,
        /// The error of the database.
        source: sqlx::Error,
    },
    /// There is no such notification.
    #[error("there is no notification {id}")]
    NotFound {
        /// Its id.
        id: String,
    },
    /// The state of the notification does not allow the change.
    #[error("notification {id} is {status}")]
    Conflict {
        /// Its id.
        id: String,
        /// Its state.
        status: String,
    },
    /// The request is invalid, and a retry will not help.
    #[error("{what}")]
    Invalid {
        /// What is invalid.
        what: String,
    },
    /// A failpoint returned an error.
    #[error(transparent)]
    Injected(#[from] Injected),
}

impl NotificationError {
    /// The HTTP status: clients retry after 503, and after no other.
    pub fn status(&self) -> u16 {
        match self {
            Self::Storage { .. } | Self::Injected(_) => 503,
            Self::NotFound { .. } => 404,
            Self::Conflict { .. } => 409,
            Self::Invalid { .. } => 422,
        }
    }
}

/// Wraps an error of sqlx: `.map_err(storage("claim a notification"))`.
pub fn storage(operation: &'static str) -> impl Fn(sqlx::Error) -> NotificationError {
    move |source| NotificationError::Storage { operation, source }
}

/// An error for an invalid request.
pub(crate) fn invalid(what: impl Into<String>) -> NotificationError {
    NotificationError::Invalid { what: what.into() }
}
