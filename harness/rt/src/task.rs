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
    return spawn_boxed(Box::pin(future));
    #[cfg(not(feature = "sim"))]
    tokio::spawn(future)
}

/// What is the same for all futures of one output, so that it is compiled once.
#[cfg(feature = "sim")]
fn spawn_boxed<T: Send + 'static>(
    future: futures_core::future::BoxFuture<'static, T>,
) -> JoinHandle<T> {
    use crate::sim::{context, simulator::task};

    match context::here() {
        Some(here) => task::spawn(future, here),
        None => task::spawn_outside(future),
    }
}

/// Lets other ready tasks run first; inside a simulation which of them, and how many, is for the seed to say.
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
