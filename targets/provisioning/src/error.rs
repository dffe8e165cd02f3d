//! The errors of provisioning.

use std::io;

pub(crate) use chaosdrill_kit::chain_verbatim as chain;
use chaosdrill_rt::{fail::Injected, time::Duration};

use crate::cipher::CipherError;

/// Why a call to the backend failed. It may have had its effect all the same.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// No answer in time.
    #[error("the backend did not answer within {0:?}")]
    TimedOut(Duration),
    /// The connection failed, before or after the call.
    #[error("the backend cannot be reached")]
    Transport(#[source] io::Error),
    /// The answer is an error.
    #[error("the backend answered {0}")]
    Refused(u16),
    /// The answer is a soft refusal.
    #[error("the backend declined")]
    Declined,
    /// The answer cannot be read.
    #[error("the backend's answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

/// Why a step of provisioning failed. It may have had its effect all the same.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// The database failed.
    #[error("failed to {operation}")]
    Storage {
        /// The operation.
        operation: &'static str,
        /// The error of the database.
        source: sqlx::Error,
    },
    /// The resource is no longer pending under this holder.
    #[error("the resource is not pending here any more")]
    NotPending,
    /// The URL cannot be encrypted or decrypted.
    #[error(transparent)]
    Cipher(#[from] CipherError),
    /// The call to the backend failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A failpoint returned an error.
    #[error(transparent)]
    Injected(#[from] Injected),
}

/// Wraps an error of the database.
pub(crate) fn storage(operation: &'static str) -> impl Fn(sqlx::Error) -> ProvisionError {
    move |source| ProvisionError::Storage { operation, source }
}
