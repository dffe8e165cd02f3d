//! The queued repository: the commands of one account are carried out one after the other, in the order in which
//! their turns were granted.

use std::sync::atomic::{AtomicU64, Ordering};

use chaosdrill_rt::{defect, observe, time::Duration};

use crate::{
    command::Command, error::RepositoryError, execute::Done, replay::Hydrated, store::EventStore,
    turns::Turns,
};

/// A store with a queue for each account. It orders the commands of one process; against other processes the store
/// guards itself.
#[derive(Debug)]
pub struct QueuedRepository {
    store: EventStore,
    turns: Turns,
    grants: AtomicU64,
}

impl QueuedRepository {
    /// A queue before a store; nobody waits longer than `wait_max` for a turn.
    pub fn new(store: EventStore, wait_max: Duration) -> Self {
        Self { store, turns: Turns::new(wait_max), grants: AtomicU64::new(0) }
    }

    /// Carries a command out when its turn has come.
    ///
    /// # Errors
    ///
    /// As [`EventStore::execute`], and [`RepositoryError::Lock`] where the turn does not come.
    pub async fn execute(&self, command: &Command) -> Result<Done, RepositoryError> {
        let account = command.account.as_str();
        let turn = self.turns.take(account).await;
        let turn = turn.map_err(|source| RepositoryError::Lock { id: account.into(), source })?;
        let grant = self.grants.fetch_add(1, Ordering::Relaxed) + 1;
        observe!("queue.granted", account = account, command = command.id, grant = grant);
        // Held until the commit is over, so that commits come in the order of the grants.
        let turn = defect!(
            "O11",
            {
                drop(turn);
                None
            },
            Some(turn)
        );
        let result = self.store.execute(command).await;
        let committed = result.as_ref().ok().filter(|done| !done.repeated).map(|done| done.version);
        observe!(
            "queue.released",
            account = account,
            command = command.id,
            grant = grant,
            committed = committed
        );
        drop(turn);
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
}
