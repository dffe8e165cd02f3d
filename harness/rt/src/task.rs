//! Tasks: they belong to the host that spawned them, and end with it.

use std::future::Future;

#[cfg(feature = "sim")]
pub use crate::sim::simulator::task::{JoinError, JoinHandle};
#[cfg(not(feature = "sim"))]
pub use tokio::task::{JoinError, JoinHandle};

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
    if let Some(here) = crate::sim::context::here() {
        return crate::sim::simulator::task::spawn(future, here);
    }
    #[cfg(feature = "sim")]
    return crate::sim::simulator::task::spawn_outside(future);
    #[cfg(not(feature = "sim"))]
    tokio::spawn(future)
}

/// Lets other ready tasks run first; inside a simulation which of them, and how many, is for the seed to say.
pub async fn yield_now() {
    #[cfg(feature = "sim")]
    if crate::sim::context::here().is_some() {
        // tokio would not look at this task again before all others have had their turn.
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
