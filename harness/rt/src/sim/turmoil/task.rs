//! Tasks on turmoil: the tasks of a host are tasks of its tokio runtime.

use futures_core::future::BoxFuture;
pub use tokio::task::{JoinError, JoinHandle};

use crate::sim::{gate::Gate, host::Here};

/// Spawns a task on the host at hand.
pub(crate) fn spawn<T: Send + 'static>(future: BoxFuture<'static, T>, here: Here) -> JoinHandle<T> {
    tokio::spawn(Gate::new(future, here))
}

/// Spawns a task outside every simulation.
pub(crate) fn spawn_outside<T: Send + 'static>(future: BoxFuture<'static, T>) -> JoinHandle<T> {
    tokio::spawn(future)
}
