//! Boundaries: the steps by which a host touches the world outside its memory.
//!
//! Before the step a host may crash, stall, be delayed or be refused; after it, it may crash, or its answer may
//! be lost. `before`, the step itself and `after` are the whole life of a boundary.

use std::{future::pending, task::Poll, time::Duration};

use chaosdrill_core::{
    Act,
    fault::{Restart, When},
    trace::vocabulary::Cause,
};

pub(crate) use crate::sim::strike::{Announced, Decision};
use crate::sim::{context, delay::Delay, handle, host::Here};

/// Passes a boundary up to its effect. Does not return where the host crashes.
pub(crate) async fn before(site: &str) -> Decision {
    match announce(site) {
        Announced::Nowhere => Decision::Go,
        Announced::Dead => pending().await,
        Announced::Struck(here, acts) => apply(here, site, acts).await,
    }
}

/// Counts a hit and finds what strikes, without waiting.
pub(crate) fn announce(site: &str) -> Announced {
    let Some(here) = context::here() else { return Announced::Nowhere };
    handle::pass(here, site).map_or(Announced::Dead, |acts| Announced::Struck(here, acts))
}

/// Lets acts strike one after the other.
pub(crate) async fn apply(here: Here, site: &str, acts: Vec<Act>) -> Decision {
    let mut decision = Decision::Go;
    for act in acts {
        match act {
            Act::Crash { when: When::Before, restart } => crash(here, site, restart).await,
            Act::Crash { when: When::After, restart } => decision = Decision::CrashAfter(restart),
            Act::Error(kind) => decision = Decision::Fail(kind),
            Act::LostAck(kind) => decision = Decision::LoseAck(kind),
            Act::Stall(lasts) => stall(here, lasts).await,
            Act::Delay(lasts) => Delay::new(lasts).await,
            Act::Partition { .. }
            | Act::Clog { .. }
            | Act::Kill { .. }
            | Act::Skew { .. }
            | Act::DatabaseDown { .. } => {
                unreachable!("a validated plan has these at times only")
            }
        }
    }
    decision
}

/// Passes a boundary from its effect on. Does not return where the host crashes.
pub(crate) async fn after(decision: Decision, site: &str) {
    if let (Decision::CrashAfter(restart), Some(here)) = (decision, context::here()) {
        crash(here, site, restart).await;
    }
}

async fn crash(here: Here, site: &str, restart: Restart) {
    crash_now(here, site, restart);
    pending::<()>().await;
}

/// The host stops there and then.
pub(crate) fn crash_now(here: Here, site: &str, restart: Restart) {
    handle::crash(here.host, restart, Cause::Site(site));
}

/// The host stands still; this future goes on when it does.
async fn stall(here: Here, lasts: Duration) {
    handle::stall(here.host, lasts);
    let mut parked = false;
    std::future::poll_fn(|cx| {
        if parked {
            return Poll::Ready(());
        }
        parked = true;
        // The wake-up finds the gate closed, and waits there until the host goes on.
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
