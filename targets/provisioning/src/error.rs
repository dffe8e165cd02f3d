//! What can go wrong.

use std::io;

pub(crate) use chaosdrill_kit::chain_verbatim as chain;
use chaosdrill_rt::{fail::Injected, time::Duration};

use crate::cipher::CipherError;

/// Why the backend did not do what it was asked, or may not have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// No answer in time.
    #[error("the backend did not answer within {0:?}")]
    TimedOut(Duration),
    /// No way to it, or none back.
    #[error("the backend cannot be reached")]
    Transport(#[source] io::Error),
    /// It answered with an error.
    #[error("the backend answered {0}")]
    Refused(u16),
    /// It answered politely that it will not.
    #[error("the backend declined")]
    Declined,
    /// Its answer cannot be read.
    #[error("the backend's answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

/// Why a step of provisioning was not done, or may not have been.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// The database did not do its part.
    #[error("failed to {operation}")]
    Storage {
        /// What was asked of it.
        operation: &'static str,
        /// What it said.
        source: sqlx::Error,
    },
    /// The resource is not pending in this hand any more.
    #[error("the resource is not pending here any more")]
    NotPending,
    /// The URL cannot be hidden or read.
    #[error(transparent)]
    Cipher(#[from] CipherError),
    /// The backend did not do its part.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A failpoint was told to fail.
    #[error(transparent)]
    Injected(#[from] Injected),
}

/// Makes an error of the database one of ours.
pub(crate) fn storage(operation: &'static str) -> impl Fn(sqlx::Error) -> ProvisionError {
    move |source| ProvisionError::Storage { operation, source }
}
