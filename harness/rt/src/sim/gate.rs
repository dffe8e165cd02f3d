//! The gate around every task: it knows the task's host, and decides whether the task may run.
//!
//! After a host crashes, none of its tasks is polled again, from that very point on. While it stalls, its tasks wait. A
//! simulator itself stops a host only between steps, which would let its other tasks run on for a while.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::future::BoxFuture;

use crate::sim::{
    clock::{self, HostClock},
    context, handle,
    host::Here,
    measure::measure,
    order::Turn,
    profile::Part,
    simulation::{self, try_with_world, with_world},
    simulator,
};

/// A task of a host.
///
/// Its future is boxed in any case, since it may outlive its task. As one type for each output, the gate and what tokio
/// has for every type of task are compiled once, and not once for each future.
pub(crate) struct Gate<T: 'static> {
    /// `None` once it is dropped.
    future: Option<BoxFuture<'static, T>>,
    here: Here,
    /// The tasks of one simulation are numbered as they are spawned; the host's own software is number 0.
    number: u64,
}

impl<T: 'static> Gate<T> {
    /// A task that the host spawns.
    pub(crate) fn new(future: BoxFuture<'static, T>, here: Here) -> Self {
        let number = simulation::with(|it| it.tasks.replace(it.tasks.get() + 1));
        Self { future: Some(future), here, number }
    }

    /// The host's software itself.
    pub(crate) fn software(future: BoxFuture<'static, T>, here: Here) -> Self {
        Self { future: Some(future), here, number: 0 }
    }
}

/// Sets the current host and its clock for the duration of a call.
struct Presence {
    here: Option<Here>,
    clock: Option<HostClock>,
}

impl Presence {
    fn of(here: Here, host_clock: Option<HostClock>) -> Self {
        Self { here: context::replace(Some(here)), clock: clock::enter(host_clock) }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        context::replace(self.here);
        clock::leave(self.clock);
    }
}

impl<T: 'static> Future for Gate<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let answer = self.poll_if_admitted(cx);
        simulator::polled();
        answer
    }
}

impl<T: 'static> Gate<T> {
    fn poll_if_admitted(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let here = self.here;
        let skew_ns =
            try_with_world(|world| world.is_alive(here).then(|| world.hosts[here.host].skew_ns));
        let Some(skew_ns) = skew_ns.flatten() else { return Poll::Pending };
        let presence = Presence::of(here, Some(clock::of_host(here, skew_ns)));
        let at_ns = clock::instant_ns();
        match with_world(|world| world.admit(here, self.number, at_ns, cx.waker())) {
            Turn::Run => {}
            Turn::Wait => return Poll::Pending,
            Turn::WaitForOthers => {
                simulator::wake_after_all(cx.waker());
                return Poll::Pending;
            }
        }
        let future = self.future.as_mut().expect("a dropped task is not polled");
        let poll = AssertUnwindSafe(|| future.as_mut().poll(cx));
        let polled = measure(Part::Hosts, || catch_unwind(poll));
        // A task that crashed its own host must not return a result in the same poll.
        let answer = match polled {
            Ok(answer) if handle::is_alive(here) => answer,
            Ok(_) => Poll::Pending,
            Err(panic) => {
                handle::panicked(here, &panics::describe(&*panic));
                Poll::Pending
            }
        };
        drop(presence);
        answer
    }
}

impl<T: 'static> Drop for Gate<T> {
    /// Destructors run as the host that owned the task, so that a dead host's can have no effect.
    ///
    /// A crash drops all tasks of a host, and the drops are visible, because sockets close. tokio drops tasks by shards
    /// of their ids, which count over the whole process, so the order would depend on what ran before. The tasks are
    /// therefore set aside, and [`drop_remains`] drops them in the order of their numbers.
    fn drop(&mut self) {
        let Some(future) = self.future.take() else { return };
        try_with_world(|world| world.forget_task(self.here, self.number));
        let is_crash = clock::is_active() && !handle::is_alive(self.here);
        if is_crash && !simulator::DROPS_TASKS_BY_SEED {
            return simulation::with(|it| {
                it.remains.borrow_mut().keep(self.here.host, self.number, Box::new(future));
            });
        }
        let _presence = clock::is_active().then(|| Presence::of(self.here, None));
        drop(future);
    }
}

/// Drops the tasks of a crashed host: its software, and then the others in the order of their numbers.
#[cfg(not(madsim))]
pub(crate) fn drop_remains(here: Here) {
    let _presence = Presence::of(here, None);
    // A destructor that spawns a task leaves it behind too.
    while let Some(task) = simulation::with(|it| it.remains.borrow_mut().take_first(here.host)) {
        drop(task);
    }
}

pub(crate) mod panics {
    //! Describes a panic of a target: its message and its place, without a path, because paths differ between
    //! checkouts.

    use std::{any::Any, sync::Once};

    use crate::sim::{clock, context};

    /// Keeps panics inside simulations off standard error; they become verdicts.
    pub(crate) fn install_hook() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if !clock::is_active() {
                    return before(info);
                }
                let place = info.location().map(|at| {
                    let file = at.file().rsplit(['/', '\\']).next().unwrap_or_default();
                    format!(" ({file}:{})", at.line())
                });
                context::set_panic_place(place.unwrap_or_default());
            }));
        });
    }

    /// The message of the panic that was just caught, with its place.
    pub(crate) fn describe(panic: &(dyn Any + Send)) -> String {
        format!("{}{}", chaosdrill_core::check::panic_message(panic), context::take_panic_place())
    }
}
