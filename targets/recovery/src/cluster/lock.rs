//! The lock of a cluster: an object that is created only if none exists.
//!
//! It prevents commands from running concurrently, but the correctness of the ledger relies on the compare-and-swap,
//! not on the lock. A process that is killed leaves its lock behind, and no lock expires by itself: an operator breaks
//! a lock that is so old that its holder must be dead.

use chaosdrill_rt::{
    defect, observe,
    time::{self, Duration},
};
use serde::{Deserialize, Serialize};

use super::{
    files::{Files, PutError, StoreError, chain},
    ulid,
};

/// The path of the lock.
pub const LOCK: &str = "__cluster/lock.json";

/// The stored lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The version of the format.
    pub version: u32,
    /// The id of the command that holds it.
    pub lock_id: String,
    /// The name of that command.
    pub operation: String,
    /// The time it was acquired, in milliseconds since 1970.
    pub created_at: i64,
    /// The actor that holds it.
    pub holder: String,
}

impl Lock {
    /// Whether these bytes are exactly this lock.
    pub(crate) fn is(&self, bytes: &[u8]) -> bool {
        bytes == written(self)
    }
}

/// Why a lock could not be acquired.
#[derive(Debug)]
pub enum LockError {
    /// Another command holds it.
    Held(Lock),
    /// It cannot be read, so nobody knows who holds it.
    Unreadable(String),
    /// The store failed.
    Store(String),
}

fn written(lock: &Lock) -> Vec<u8> {
    serde_json::to_vec(lock).unwrap_or_default()
}

fn unreadable(why: &serde_json::Error) -> String {
    format!("the lock cannot be read: {why}")
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

/// Acquires the lock for a command.
///
/// # Errors
///
/// Fails if another command holds it, or with the store's error.
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
                #[cfg(feature = "defects")]
                Err(_) if defect!("G66", true, false) => {
                    let _ = files.put_over(LOCK, &written(&lock), &found).await;
                    Ok(lock)
                }
                Err(error) => Err(LockError::Unreadable(unreadable(&error))),
            },
            Ok(None) => Err(LockError::Store("the lock was released just now".into())),
            Err(error) => Err(LockError::Store(chain(&error))),
        },
        Err(error) => Err(LockError::Store(chain(&error))),
    }
}

/// Releases a lock; leaves the lock of another command alone.
///
/// # Errors
///
/// Fails with the store's error: the lock then stays until an operator breaks it.
pub async fn release(files: &Files, lock: &Lock) -> Result<(), StoreError> {
    let is_own = files.get(LOCK).await?.is_some_and(|found| lock.is(&found.bytes));
    if is_own { files.delete(LOCK).await } else { Ok(()) }
}

/// Breaks the lock of a dead holder: exactly this lock, and only if it is older than the lease.
///
/// The lock is overwritten before it is deleted, so that of two operators one succeeds, and no new lock is deleted.
///
/// # Errors
///
/// As a text: another command holds it, it is too young, or the store's.
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
    let held: Lock = serde_json::from_slice(&found.bytes).map_err(|error| unreadable(&error))?;
    if defect!("G64b", false, held.lock_id != lock_id) {
        return Err(format!("it is {}'s lock by now", held.holder));
    }
    let age_ms = time::unix_ms().saturating_sub(held.created_at);
    let is_young = u128::try_from(age_ms).unwrap_or(0) < lease.as_millis();
    if defect!("G64", false, defect!("G64b", false, is_young)) {
        return Err(format!("the lock is {age_ms} ms old, and its holder may be alive"));
    }
    let own = new(ulid::new(), "force_unlock", actor);
    let taken = files.put_over(LOCK, &written(&own), &found).await;
    taken.map_err(|error| chain(&error))?;
    observe!("cluster.lock_forced", lock = lock_id, holder = held.holder, age_ms = age_ms);
    files.delete(LOCK).await.map_err(|error| chain(&error))
}
