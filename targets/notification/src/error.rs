//! What can go wrong, and what to tell those who asked.

use chaosdrill_rt::fail::Injected;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotificationError {
    /// The database did not do its part.
    #[error("failed to {operation}")]
    Storage {
        /// What was asked of it.
        operation: &'static str,
        /// What it said.
        source: sqlx::Error,
    },
    /// There is no such notification.
    #[error("there is no notification {id}")]
    NotFound {
        /// Which.
        id: String,
    },
    /// The notification is in a state that does not allow it.
    #[error("notification {id} is {status}")]
    Conflict {
        /// Which.
        id: String,
        /// Its state.
        status: String,
    },
    /// What was asked makes no sense, and never will.
    #[error("{what}")]
    Invalid {
        /// What is wrong with it.
        what: String,
    },
    /// A failpoint was told to fail.
    #[error(transparent)]
    Injected(#[from] Injected),
}

impl NotificationError {
    /// The status that says it over HTTP: with 503 one asks again, with the others one does not.
    pub fn status(&self) -> u16 {
        match self {
            Self::Storage { .. } | Self::Injected(_) => 503,
            Self::NotFound { .. } => 404,
            Self::Conflict { .. } => 409,
            Self::Invalid { .. } => 422,
        }
    }
}

/// Makes an error of sqlx's one of ours: `.map_err(storage("claim a notification"))`.
pub fn storage(operation: &'static str) -> impl Fn(sqlx::Error) -> NotificationError {
    move |source| NotificationError::Storage { operation, source }
}

/// Something that makes no sense.
pub(crate) fn invalid(what: impl Into<String>) -> NotificationError {
    NotificationError::Invalid { what: what.into() }
}
