//! The queued repository: the commands of one account are carried out one after the other, in the order in which
//! their turns were granted.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use chaosdrill_rt::{
    defect, observe,
    time::{self, Duration},
};
use tokio::sync::OwnedMutexGuard;

use crate::{
    command::Command,
    error::{LockError, RepositoryError},
    replay::Hydrated,
    store::{Done, EventStore},
};

/// tokio's mutex is fair: who asked first has it first.
type Queue = Arc<tokio::sync::Mutex<()>>;

/// A store with a queue for each account. It orders the commands of one process; against other processes the store
/// guards itself.
#[derive(Debug)]
pub struct QueuedRepository {
    store: EventStore,
    queues: Mutex<BTreeMap<String, Queue>>,
    grants: AtomicU64,
    wait_max: Duration,
}

impl QueuedRepository {
    /// A queue before a store; nobody waits longer than `wait_max` for a turn.
    pub fn new(store: EventStore, wait_max: Duration) -> Self {
        let queues = Mutex::default();
        Self { store, queues, grants: AtomicU64::new(0), wait_max }
    }

    /// Carries a command out when its turn has come.
    ///
    /// # Errors
    ///
    /// As [`EventStore::execute`], and [`RepositoryError::Lock`] where the turn does not come.
    pub async fn execute(&self, command: &Command) -> Result<Done, RepositoryError> {
        let account = command.account.as_str();
        let turn = self.turn(account).await?;
        let grant = self.grants.fetch_add(1, Ordering::Relaxed) + 1;
        observe!("queue.granted", account = account, command = command.id, grant = grant);
        let turn = defect!(
            "O11",
            {
                drop(turn);
                None
            },
            Some(turn)
        );
        let result = self.store.execute(command).await;
        let version = result.as_ref().ok().filter(|done| !done.repeated).map(|done| done.version);
        observe!(
            "queue.released",
            account = account,
            command = command.id,
            grant = grant,
            committed = version
        );
        drop(turn);
        self.forget_if_idle(account);
        result
    }

    /// The account as it stands.
    ///
    /// # Errors
    ///
    /// As [`EventStore::load`].
    pub async fn load(&self, account: &str) -> Result<Hydrated, RepositoryError> {
        self.store.load(account).await
    }

    async fn turn(&self, account: &str) -> Result<OwnedMutexGuard<()>, RepositoryError> {
        let no_turn = |source| RepositoryError::Lock { id: account.to_owned(), source };
        let queue = match self.queues.lock() {
            Ok(mut queues) => queues.entry(account.to_owned()).or_default().clone(),
            Err(_) => return Err(no_turn(LockError::Poisoned)),
        };
        let turn = time::timeout(self.wait_max, queue.lock_owned()).await;
        turn.map_err(|_| no_turn(LockError::Busy))
    }

    /// Queues nobody stands in are not kept: there may be many accounts.
    fn forget_if_idle(&self, account: &str) {
        if let Ok(mut queues) = self.queues.lock()
            && queues.get(account).is_some_and(|queue| Arc::strong_count(queue) == 1)
        {
            queues.remove(account);
        }
    }
}
