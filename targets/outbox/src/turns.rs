//! Turns for keys, within one process: one holder at a time, first come, first served.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use chaosdrill_rt::time::{self, Duration};
use tokio::sync::OwnedMutexGuard;

use crate::error::LockError;

/// tokio's mutex is fair.
type Queue = Arc<tokio::sync::Mutex<()>>;

/// A queue for each key.
#[derive(Debug)]
pub(crate) struct Turns {
    queues: Mutex<BTreeMap<String, Queue>>,
    wait_max: Duration,
}

/// A turn; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    key: &'a str,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Creates the queues; a turn is waited for at most `wait_max`.
    pub(crate) fn new(wait_max: Duration) -> Self {
        Self { queues: Mutex::default(), wait_max }
    }

    /// Waits for a turn.
    pub(crate) async fn take<'a>(&'a self, key: &'a str) -> Result<Turn<'a>, LockError> {
        let queue = match self.queues.lock() {
            Ok(mut queues) => queues.entry(key.to_owned()).or_default().clone(),
            Err(_) => return Err(LockError::Poisoned),
        };
        #[cfg(feature = "defects")]
        // The map and this command have the queue as well as its holder and those who wait.
        if chaosdrill_rt::defect!("O48", Arc::strong_count(&queue) > 4, false) {
            return Err(LockError::Poisoned);
        }
        let guard = time::timeout(self.wait_max, queue.lock_owned()).await;
        let guard = guard.map_err(|_| LockError::Busy)?;
        Ok(Turn { turns: self, key, guard: Some(guard) })
    }
}

impl Drop for Turn<'_> {
    /// Removes a queue that has no holder and no waiters: there may be many keys.
    fn drop(&mut self) {
        drop(self.guard.take());
        if let Ok(mut queues) = self.turns.queues.lock()
            && queues.get(self.key).is_some_and(|queue| Arc::strong_count(queue) == 1)
        {
            queues.remove(self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_of_one_key_follow_each_other_and_leave_nothing_behind() {
        let turns = Turns::new(Duration::from_millis(5));
        let first = turns.take("a").await.expect("nobody is before");
        let other = turns.take("b").await.expect("another key");
        assert!(matches!(turns.take("a").await, Err(LockError::Busy)));
        drop((first, other));
        drop(turns.take("a").await.expect("nobody is before any more"));
        assert!(turns.queues.lock().expect("nobody panicked").is_empty());
    }
}
