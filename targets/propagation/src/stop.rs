//! The end of work: a program that is shut down stops between two rows, and breaks off where that takes too long.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use chaosdrill_rt::time::{self, Instant};
use tokio_util::sync::CancellationToken;

/// How far the shutdown of a program is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shutdown {
    /// What has begun is done to its end, and nothing new begins.
    pub(crate) stopping: CancellationToken,
    /// What has begun is broken off.
    pub(crate) cancelled: CancellationToken,
}

/// When a piece of work has to end: with its program, and at its own deadline.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    shutdown: Shutdown,
    deadline: Instant,
}

impl Stop {
    pub(crate) fn new(shutdown: Shutdown, deadline: Instant) -> Self {
        Self { shutdown, deadline }
    }

    /// Whether nothing new may begin.
    pub(crate) fn is_near(&self) -> bool {
        self.shutdown.stopping.is_cancelled() || Instant::now() >= self.deadline
    }

    /// Waits until work is to be broken off.
    pub(crate) async fn cancelled(&self) {
        let _ = time::timeout_at(self.deadline, self.shutdown.cancelled.cancelled()).await;
    }
}

/// Works until the end comes, whichever is first; the work, where both are.
pub(crate) async fn until<F: Future>(end: impl Future<Output = ()>, work: F) -> Option<F::Output> {
    let (mut end, mut work) = (pin!(end), pin!(work));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => end.as_mut().poll(context).map(|()| None),
    })
    .await
}
