//! Boundaries: the steps at which a host touches the world outside its memory.
//!
//! Before the step, a host may crash, stall, be delayed or get an error. After it, the host may crash, or the answer
//! may be lost. A boundary consists of `before`, the step itself and `after`.

use std::{future::pending, task::Poll, time::Duration};

use chaosdrill_core::{
    Act,
    fault::{Restart, When},
    request::Decision,
    trace::vocabulary::Cause,
};

pub(crate) use crate::sim::strike::Announced;
use crate::sim::{context, delay::Delay, handle, host::Here};

/// Passes a boundary up to its effect. Does not return if the host crashes.
pub(crate) async fn before(here: Here, site: &str) -> Decision {
    match handle::pass(here, site) {
        None => pending().await,
        Some(acts) => apply(here, site, acts).await,
    }
}

/// Counts a hit of the current host and returns the faults that strike, without waiting.
pub(crate) fn announce(site: &str) -> Announced {
    let Some(here) = context::here() else { return Announced::Nowhere };
    handle::pass(here, site).map_or(Announced::Dead, |acts| Announced::Struck(here, acts))
}

/// Applies acts one after the other.
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

/// Passes a boundary from its effect on. Does not return if the host crashes.
pub(crate) async fn after(here: Here, site: &str, decision: Decision) {
    if let Decision::CrashAfter(restart) = decision {
        crash(here, site, restart).await;
    }
}

async fn crash(here: Here, site: &str, restart: Restart) {
    crash_now(here, site, restart);
    pending::<()>().await;
}

/// Crashes the host at once.
pub(crate) fn crash_now(here: Here, site: &str, restart: Restart) {
    handle::crash(here.host, restart, Cause::Site(site));
}

/// Stalls the host; this future resumes when the host does.
async fn stall(here: Here, lasts: Duration) {
    handle::stall(here.host, lasts);
    let mut parked = false;
    std::future::poll_fn(|cx| {
        if parked {
            return Poll::Ready(());
        }
        parked = true;
        // The wake-up finds the gate closed, and waits there until the host resumes.
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
