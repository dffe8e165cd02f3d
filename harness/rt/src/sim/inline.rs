//! Drives futures to their end on the simulation's thread, in no virtual time.
//!
//! sqlx runs each SQLite connection on a thread of its own. An operation on it is driven right here while virtual time
//! stands still, so the simulator never sees it wait.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
};

use crate::sim::{context, measure::measure, profile::Part};

struct Wakeup(Thread);

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives a future to its end on this thread, in no virtual time.
pub(crate) fn inline<F: Future>(future: F) -> F::Output {
    measure(Part::Sqlx, || match context::here() {
        Some(_) => measure(Part::SqlxInHosts, || drive(future)),
        None => drive(future),
    })
}

fn drive<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Wakeup(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            // Never with a time-out, because its deadline would be read from the virtual clock.
            Poll::Pending => std::thread::park(),
        }
    }
}
