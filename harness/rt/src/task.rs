//! Tasks: they belong to the host that spawned them, and end with it.

use std::future::Future;

pub use tokio::task::{JoinError, JoinHandle, yield_now};

/// Spawns a task on the host at hand.
///
/// # Panics
///
/// Outside a tokio runtime.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[cfg(feature = "sim")]
    if let Some(here) = crate::sim::gate::here() {
        return tokio::spawn(crate::sim::gate::Gate::new(future, here));
    }
    tokio::spawn(future)
}
