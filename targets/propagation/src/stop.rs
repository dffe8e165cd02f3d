//! Shutdown: a program stops between two rows, and cancels the current one if that takes too long.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use chaosdrill_rt::time::{self, Instant};
use tokio_util::sync::CancellationToken;

/// The progress of a program's shutdown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shutdown {
    /// Running work is completed, and no new work begins.
    pub(crate) stopping: CancellationToken,
    /// Running work is cancelled.
    pub(crate) cancelled: CancellationToken,
}

/// When a piece of work has to end: at the shutdown of its program, and at its own deadline.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    shutdown: Shutdown,
    deadline: Instant,
}

impl Stop {
    pub(crate) fn new(shutdown: Shutdown, deadline: Instant) -> Self {
        Self { shutdown, deadline }
    }

    /// Whether no new work may begin.
    pub(crate) fn is_near(&self) -> bool {
        self.shutdown.stopping.is_cancelled() || Instant::now() >= self.deadline
    }

    /// Waits until the work is to be cancelled.
    pub(crate) async fn cancelled(&self) {
        let _ = time::timeout_at(self.deadline, self.shutdown.cancelled.cancelled()).await;
    }
}

/// Runs `work` until `end` is ready; `None` if that comes first. If both are ready, the output of `work` is returned.
pub(crate) async fn until<F: Future>(end: impl Future<Output = ()>, work: F) -> Option<F::Output> {
    let (mut end, mut work) = (pin!(end), pin!(work));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => end.as_mut().poll(context).map(|()| None),
    })
    .await
}
