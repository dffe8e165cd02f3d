//! A step that is held up while the rest of its host goes on.
//!
//! Its end stands on the agenda, as that of every fault that lasts: the chaos is not over before, and heal ends it.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::sim::{
    agenda::Due,
    world::{self, now},
};

/// Steps that are held up, by number, each with whom to wake.
pub(crate) type Delays = std::collections::BTreeMap<u64, Waker>;

/// Ready when the time is over, or the faults are.
pub(crate) struct Delay {
    number: u64,
}

impl Delay {
    pub(crate) fn new(lasts: Duration) -> Self {
        let number = world::with(|world| {
            let until = now().saturating_add(lasts);
            let number = world.delayed_so_far;
            world.delayed_so_far += 1;
            world.delays.insert(number, Waker::noop().clone());
            world.put_on_agenda(until, Due::Proceed(number));
            number
        });
        Self { number }
    }
}

impl Future for Delay {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waits = world::try_with(|world| {
            let waker = world.delays.get_mut(&self.number)?;
            waker.clone_from(cx.waker());
            Some(())
        });
        if waits.flatten().is_some() { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for Delay {
    /// Nobody waits for the end of a step that was given up.
    fn drop(&mut self) {
        world::try_with(|world| {
            if world.delays.remove(&self.number).is_some() {
                world.agenda.retain(|_, due| *due != Due::Proceed(self.number));
            }
        });
    }
}
