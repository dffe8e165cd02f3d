//! Boundaries: the steps by which a host touches the world outside its memory.
//!
//! Before the step a host may crash, stall, be delayed or be refused; after it, it may crash, or its answer may
//! be lost. `before`, the step itself and `after` are the whole life of a boundary.

use std::{future::pending, task::Poll, time::Duration};

use chaosdrill_core::{
    Act, ErrorKind,
    fault::{Restart, When},
};
use serde_json::json;

use crate::sim::{
    delay::Delay,
    gate::{self, Here},
    world,
};

/// What a fault told a step to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Go on.
    Go,
    /// Do not take the step; answer with this error.
    Fail(ErrorKind),
    /// Take the step; answer with this error all the same.
    LoseAck(ErrorKind),
    /// Take the step, and crash.
    CrashAfter(Restart),
}

/// Passes a boundary up to its effect. Does not return where the host crashes.
pub(crate) async fn before(site: &str) -> Passage {
    match announce(site) {
        Announced::Nowhere => Passage::Go,
        Announced::Dead => pending().await,
        Announced::Struck(here, acts) => apply(here, site, acts).await,
    }
}

/// Where a boundary was announced, and what struck.
pub(crate) enum Announced {
    /// Outside every host: nothing can strike.
    Nowhere,
    /// On a host that is no more: nothing may leave it.
    Dead,
    /// On a host; the acts are mostly none.
    Struck(Here, Vec<Act>),
}

/// Counts a passage and finds what strikes, without waiting.
pub(crate) fn announce(site: &str) -> Announced {
    let Some(here) = gate::here() else { return Announced::Nowhere };
    let acts = world::try_with(|world| world.is_alive(here).then(|| world.pass(here, site)));
    acts.flatten().map_or(Announced::Dead, |acts| Announced::Struck(here, acts))
}

/// Lets acts strike one after the other.
pub(crate) async fn apply(here: Here, site: &str, acts: Vec<Act>) -> Passage {
    let mut passage = Passage::Go;
    for act in acts {
        match act {
            Act::Crash { when: When::Before, restart } => crash(here, site, restart).await,
            Act::Crash { when: When::After, restart } => passage = Passage::CrashAfter(restart),
            Act::Error(kind) => passage = Passage::Fail(kind),
            Act::LostAck(kind) => passage = Passage::LoseAck(kind),
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
    passage
}

/// Passes a boundary from its effect on. Does not return where the host crashes.
pub(crate) async fn after(passage: Passage, site: &str) {
    if let (Passage::CrashAfter(restart), Some(here)) = (passage, gate::here()) {
        crash(here, site, restart).await;
    }
}

async fn crash(here: Here, site: &str, restart: Restart) {
    crash_now(here, site, restart);
    pending::<()>().await;
}

/// The host stops there and then.
pub(crate) fn crash_now(here: Here, site: &str, restart: Restart) {
    world::crash(here.host, restart, || json!({ "at": site }));
}

/// The host stands still; this future goes on when it does.
async fn stall(here: Here, lasts: Duration) {
    world::stall(here.host, lasts);
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
