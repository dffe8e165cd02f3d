//! Delays one step while the rest of its host continues.
//!
//! The end of a delay is in the event queue, like the end of every fault that lasts: chaos is not over before it, and
//! heal ends it.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::sim::simulation::{now, try_with_world, with_world};

/// Ready when the time is over, or when heal ends the faults.
pub(crate) struct Delay {
    number: u64,
}

impl Delay {
    pub(crate) fn new(lasts: Duration) -> Self {
        let number = with_world(|world| world.delay(now(), lasts));
        Self { number }
    }
}

impl Future for Delay {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waits = try_with_world(|world| {
            let waker = world.delays.get_mut(&self.number)?;
            waker.clone_from(cx.waker());
            Some(())
        });
        if waits.flatten().is_some() { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for Delay {
    /// A step that was cancelled needs no wake-up.
    fn drop(&mut self) {
        try_with_world(|world| world.give_up_delay(self.number));
    }
}
