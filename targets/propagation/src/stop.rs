//! The end of work: a program that is shut down stops between two rows, and breaks off where that takes too long.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use chaosdrill_rt::time::{self, Instant};
use tokio::sync::watch;

/// How far a shutdown is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// There is none.
    Running,
    /// What has begun is done to its end, and nothing new begins.
    Stopping,
    /// What has begun is broken off.
    Cancelled,
}

/// When a piece of work has to end: with its program, and at its own deadline.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    phase: watch::Receiver<Phase>,
    deadline: Instant,
}

impl Stop {
    pub(crate) fn new(phase: watch::Receiver<Phase>, deadline: Instant) -> Self {
        Self { phase, deadline }
    }

    /// Whether nothing new may begin.
    pub(crate) fn is_near(&self) -> bool {
        *self.phase.borrow() != Phase::Running || Instant::now() >= self.deadline
    }

    /// Waits until work is to be broken off.
    pub(crate) async fn cancelled(&self) {
        let mut phase = self.phase.clone();
        let told = async {
            // A sender that is gone has ended with its program, and tells no more.
            if phase.wait_for(|phase| *phase == Phase::Cancelled).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let _ = time::timeout_at(self.deadline, told).await;
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
