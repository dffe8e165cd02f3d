//! The queued repository: executes the commands of one account one at a time, in the order in which their turns were
//! granted.

use std::sync::atomic::{AtomicU64, Ordering};

use chaosdrill_rt::{
    defect, observe,
    time::{self, Duration},
};

use crate::{
    command::Command,
    error::{LockError, RepositoryError},
    execute::Done,
    replay::Hydrated,
    store::EventStore,
    turns::Turns,
};

/// A store with a queue for each account. The queues order the commands of one process; the store itself guards against
/// other processes.
#[derive(Debug)]
pub struct QueuedRepository {
    store: EventStore,
    turns: Turns,
    grants: AtomicU64,
    turn_max: Duration,
}

impl QueuedRepository {
    /// Puts queues before a store; a command waits at most `wait_max` for its turn, which lasts at most `turn_max`.
    pub fn new(store: EventStore, wait_max: Duration, turn_max: Duration) -> Self {
        Self { store, turns: Turns::new(wait_max), grants: AtomicU64::new(0), turn_max }
    }

    /// Executes a command when its turn comes.
    ///
    /// # Errors
    ///
    /// As [`EventStore::execute`], and [`RepositoryError::Lock`] if the turn is not granted, or lasts too long.
    pub async fn execute(&self, command: &Command) -> Result<Done, RepositoryError> {
        let account = command.account.as_str();
        let turn = self.turns.take(account).await;
        let lock = |source| RepositoryError::Lock { id: account.into(), source };
        let turn = turn.map_err(lock)?;
        let grant = self.grants.fetch_add(1, Ordering::Relaxed) + 1;
        observe!("queue.granted", account = account, command = command.id, grant = grant);
        // The turn is held until the commit ends, so that commits follow the order of the grants.
        let turn = defect!(
            "O11",
            {
                drop(turn);
                None
            },
            Some(turn)
        );
        // A commit that hangs must not hold up the others; what it had not committed is rolled back.
        let result = time::timeout(self.turn_max, self.store.execute(command)).await;
        let result = result.unwrap_or_else(|_| Err(lock(LockError::Expired)));
        let committed = result.as_ref().ok().filter(|done| !done.repeated).map(|done| done.version);
        observe!(
            "queue.released",
            account = account,
            command = command.id,
            grant = grant,
            committed = committed,
            cause = result.as_ref().err().map(RepositoryError::cause)
        );
        drop(turn);
        result
    }

    /// Loads the current state of the account.
    ///
    /// # Errors
    ///
    /// As [`EventStore::load`].
    pub async fn load(&self, account: &str) -> Result<Hydrated, RepositoryError> {
        self.store.load(account).await
    }
}
