//! The ledger file: read as a whole, and written by compare-and-swap on its content.

use chaosdrill_rt::defect;

use super::{
    files::{Files, PutError, StoreError},
    model::{STATE_VERSION, State},
};
use crate::digest::digest;

/// The path of the ledger.
pub const STATE: &str = "__cluster/state.json";

/// A ledger as it was read.
#[derive(Clone, Debug)]
pub struct AsRead {
    /// The parsed content.
    pub state: State,
    /// The digest of the content, for the compare-and-swap; `None` if there was no ledger.
    pub base: Option<String>,
}

/// Why the ledger could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// There is none.
    #[error("there is no ledger")]
    Missing,
    /// It is invalid, or of another release.
    #[error("the ledger cannot be read: {0}")]
    Unreadable(String),
    /// The store failed.
    #[error("the store did not give the ledger")]
    Store(#[from] StoreError),
}

/// Reads the ledger.
///
/// # Errors
///
/// Fails if there is none or this release cannot read it, or with the store's error.
pub async fn read(files: &Files) -> Result<AsRead, LedgerError> {
    let Some(found) = files.get(STATE).await? else { return Err(LedgerError::Missing) };
    let state: State = serde_json::from_slice(&found.bytes)
        .map_err(|error| LedgerError::Unreadable(error.to_string()))?;
    if state.version != STATE_VERSION {
        return Err(LedgerError::Unreadable(format!("it has version {}", state.version)));
    }
    Ok(AsRead { state, base: Some(digest(&found.bytes)) })
}

/// Takes a ledger that cannot be read for an empty one: only a planted bug does.
#[cfg(feature = "defects")]
pub(crate) async fn read_wrongly(files: &Files) -> AsRead {
    let found = files.get(STATE).await.ok().flatten();
    AsRead { state: State::empty(), base: found.map(|found| digest(&found.bytes)) }
}

/// Replaces the ledger that was read.
///
/// # Errors
///
/// Fails if the ledger has changed since, or with the store's error.
pub async fn write(files: &Files, state: &State, base: Option<&str>) -> Result<(), PutError> {
    let bytes = serde_json::to_vec(state).unwrap_or_default();
    let current = files.get(STATE).await.map_err(PutError::Failed)?;
    let digest_now = current.as_ref().map(|found| digest(&found.bytes));
    let is_as_read = digest_now.as_deref() == base;
    if !defect!("G8", true, is_as_read) {
        return Err(PutError::Taken);
    }
    match &current {
        // The comparison alone leaves a gap between itself and the write.
        #[cfg(feature = "defects")]
        Some(_) if defect!("G8", true, false) || defect!("G8b", true, false) => {
            files.put_wrongly(STATE, &bytes).await
        }
        Some(current) => files.put_over(STATE, &bytes, current).await,
        None => files.put_new(STATE, &bytes).await,
    }
}
