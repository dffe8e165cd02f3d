//! Tasks on turmoil: the tasks of a host are tasks of its tokio runtime.

use std::future::Future;

pub use tokio::task::{JoinError, JoinHandle};

use crate::sim::{gate::Gate, host::Here};

/// Spawns a task on the current host.
pub(crate) fn spawn<F>(future: F, here: Here) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(Gate::new(future, here))
}

/// Spawns a task outside every simulation.
pub(crate) fn spawn_outside<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future)
}
