//! The lock of a cluster: an object that is created if there is none.
//!
//! It keeps commands from working at the same time; it does not keep the ledger right, which the compare-and-swap
//! does. A process that is killed leaves its lock behind, and no lock ends by itself: an operator takes one away
//! whose holder must be dead by its age.

use chaosdrill_rt::{
    observe,
    time::{self, Duration},
};
use serde::{Deserialize, Serialize};

use super::{
    files::{Files, PutError, StoreError, chain},
    ulid,
};

/// Where it is.
pub const LOCK: &str = "__cluster/lock.json";

/// A lock, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The version of its form.
    pub version: u32,
    /// Its id: that of the command that holds it.
    pub lock_id: String,
    /// For what it is held.
    pub operation: String,
    /// Since when, in milliseconds since 1970.
    pub created_at: i64,
    /// By whom.
    pub holder: String,
}

impl Lock {
    /// Whether these bytes are this very lock.
    pub(crate) fn is(&self, bytes: &[u8]) -> bool {
        bytes == written(self)
    }
}

/// Why a lock could not be had.
#[derive(Debug)]
pub enum LockError {
    /// Another's is there.
    Held(Lock),
    /// The store's.
    Store(String),
}

fn written(lock: &Lock) -> Vec<u8> {
    serde_json::to_vec(lock).unwrap_or_default()
}

fn new(lock_id: String, operation: &str, holder: &str) -> Lock {
    Lock {
        version: 1,
        lock_id,
        operation: operation.to_owned(),
        created_at: time::unix_ms(),
        holder: holder.to_owned(),
    }
}

/// Takes the lock for a command.
///
/// # Errors
///
/// Where another's is there, or the store's.
pub async fn acquire(
    files: &Files,
    command: &str,
    operation: &str,
    holder: &str,
) -> Result<Lock, LockError> {
    let lock = new(command.to_owned(), operation, holder);
    match files.put_new(LOCK, &written(&lock)).await {
        Ok(()) => Ok(lock),
        Err(PutError::Taken) => match files.get(LOCK).await {
            Ok(Some(found)) => match serde_json::from_slice(&found.bytes) {
                Ok(held) => Err(LockError::Held(held)),
                Err(error) => Err(LockError::Store(format!("the lock cannot be read: {error}"))),
            },
            Ok(None) => Err(LockError::Store("the lock was released just now".into())),
            Err(error) => Err(LockError::Store(chain(&error))),
        },
        Err(error) => Err(LockError::Store(chain(&error))),
    }
}

/// Gives a lock back; another's is let be.
///
/// # Errors
///
/// The store's: then the lock is left, until an operator takes it away.
pub async fn release(files: &Files, lock: &Lock) -> Result<(), StoreError> {
    let is_own = files.get(LOCK).await?.is_some_and(|found| lock.is(&found.bytes));
    if is_own { files.delete(LOCK).await } else { Ok(()) }
}

/// Takes away the lock of a holder that is dead: this very lock, and only once it is older than the lease.
///
/// It is written over before it is deleted, so that of two operators one does it, and nobody's fresh lock goes.
///
/// # Errors
///
/// In words: it is another's, it is too young, or the store's.
pub async fn force_unlock(
    files: &Files,
    lock_id: &str,
    lease: Duration,
    actor: &str,
) -> Result<(), String> {
    let found = match files.get(LOCK).await {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(()),
        Err(error) => return Err(chain(&error)),
    };
    let held: Lock = serde_json::from_slice(&found.bytes).map_err(|error| error.to_string())?;
    if held.lock_id != lock_id {
        return Err(format!("it is {}'s lock by now", held.holder));
    }
    let age_ms = time::unix_ms().saturating_sub(held.created_at);
    if u128::try_from(age_ms).unwrap_or(0) < lease.as_millis() {
        return Err(format!("the lock is {age_ms} ms old, and its holder may be alive"));
    }
    let own = new(ulid::new(), "force_unlock", actor);
    let taken = files.put_over(LOCK, &written(&own), &found).await;
    taken.map_err(|error| chain(&error))?;
    observe!("cluster.lock_forced", lock = lock_id, holder = held.holder, age_ms = age_ms);
    files.delete(LOCK).await.map_err(|error| chain(&error))
}
