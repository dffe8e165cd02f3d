//! Spawns tasks. A task belongs to the host that spawned it, and ends with it.

use std::future::Future;

#[cfg(feature = "sim")]
pub use crate::sim::simulator::task::{JoinError, JoinHandle};
#[cfg(not(feature = "sim"))]
pub use tokio::task::{JoinError, JoinHandle};

/// Spawns a task on the current host.
///
/// # Panics
///
/// If it is called outside a tokio runtime.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[cfg(feature = "sim")]
    if let Some(here) = crate::sim::context::here() {
        return crate::sim::simulator::task::spawn(future, here);
    }
    #[cfg(feature = "sim")]
    return crate::sim::simulator::task::spawn_outside(future);
    #[cfg(not(feature = "sim"))]
    tokio::spawn(future)
}

/// Lets other ready tasks run first. In a simulation, the seed decides which of them run, and how many.
pub async fn yield_now() {
    #[cfg(feature = "sim")]
    if crate::sim::context::here().is_some() {
        // With tokio's own `yield_now`, all other tasks would always have their turn first.
        let mut yielded = false;
        return std::future::poll_fn(|cx| {
            if std::mem::replace(&mut yielded, true) {
                return std::task::Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }
    tokio::task::yield_now().await;
}
