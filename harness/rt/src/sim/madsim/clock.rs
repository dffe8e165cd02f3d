//! The virtual clock of one simulation on madsim: madsim's own clock, which all hosts share, and each host's skew.
//!
//! madsim answers libc's clocks and entropy itself. Its wall clock begins at an instant of its own and has no skew, so
//! this module provides the wall clock of a host. [`std_is_behind_by`] corrects dates that foreign code took from std.

use std::{
    cell::{Cell, RefCell},
    mem::ManuallyDrop,
    time::{Duration, SystemTime},
};

use ::madsim::time::TimeHandle;
use chaosdrill_core::limits::MADSIM_POLL_NS_MAX;
use tokio::time::Instant;

use crate::sim::host::Here;

/// The wall clock at the beginning of every simulation, in nanoseconds.
const WALL_START_NS: u64 = chaosdrill_core::duration::WALL_START_MS as u64 * 1_000_000;

/// A host's skew against the clock of the simulation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostClock {
    skew_ns: i64,
}

thread_local! {
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    static HOST: Cell<Option<HostClock>> = const { Cell::new(None) };
    /// madsim's clock, kept because requesting it from madsim each time costs more than reading the time itself.
    /// Without a destructor, because every access would have to check for one; the guard empties it.
    static TIME: RefCell<ManuallyDrop<Option<TimeHandle>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
    /// When the instant was last requested, and its value.
    static INSTANT: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// Ends the simulation's clock when dropped.
pub(crate) struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        ACTIVE.set(false);
        HOST.set(None);
        TIME.with_borrow_mut(|time| time.take());
    }
}

/// Makes this thread's clock that of a simulation.
pub(crate) fn start() -> Guard {
    HOST.set(None);
    INSTANT.set((0, 0));
    TIME.set(ManuallyDrop::new(TimeHandle::try_current()));
    ACTIVE.set(true);
    Guard(())
}

/// Whether this thread runs a simulation.
pub(crate) fn is_active() -> bool {
    ACTIVE.try_with(Cell::get).unwrap_or(false)
}

/// Virtual nanoseconds since the simulation began.
pub(crate) fn now_ns() -> u64 {
    let elapsed =
        TIME.with_borrow(|time| time.as_ref().map_or(Duration::ZERO, TimeHandle::elapsed));
    u64::try_from(elapsed.as_nanos()).expect("a run lasts less than 584 years")
}

/// The instant of tokio's clock, which here is std's, and so madsim's.
pub(crate) fn instant() -> Instant {
    let known = TIME.with_borrow(|time| time.as_ref().map(TimeHandle::now_instant));
    known.map_or_else(Instant::now, Instant::from_std)
}

/// The current instant, for the detection of spinning. Each poll takes up to 100 ns on madsim; only a longer step
/// counts as the passage of time.
pub(crate) fn instant_ns() -> u64 {
    let now = now_ns();
    let (last, instant) = INSTANT.get();
    let instant = if now.saturating_sub(last) > MADSIM_POLL_NS_MAX { now } else { instant };
    INSTANT.set((now, instant));
    instant
}

/// When the last poll of a host's task began. Reading the time again would cost as much as all other work after a poll.
pub(crate) fn last_polled() -> Duration {
    Duration::from_nanos(INSTANT.get().0)
}

/// madsim does not say which host a task belongs to that was spawned without the facade.
pub(crate) fn host_of_runtime() -> Option<Here> {
    None
}

/// The clock of a host.
pub(crate) fn of_host(_: Here, skew_ns: i64) -> HostClock {
    HostClock { skew_ns }
}

/// The skew of a host is read from the world at every poll.
pub(crate) fn set_skew(_: usize, _: i64) {}

/// Sets a host's clock until the returned value is passed to [`leave`].
pub(crate) fn enter(host: Option<HostClock>) -> Option<HostClock> {
    HOST.replace(host)
}

/// Restores the clock that [`enter`] returned.
pub(crate) fn leave(before: Option<HostClock>) {
    HOST.set(before);
}

/// Uses the unskewed time for the duration of a call, whatever the skew of the current host.
pub(crate) fn without_skew<R>(call: impl FnOnce() -> R) -> R {
    let before = enter(None);
    let output = call();
    leave(before);
    output
}

/// The wall clock, with the skew of the current host.
pub(crate) fn wall_ns() -> u64 {
    (WALL_START_NS + now_ns()).saturating_add_signed(HOST.get().map_or(0, |host| host.skew_ns))
}

/// How far std's wall clock is behind ours, and thus every date that foreign code took from it.
pub(crate) fn std_is_behind_by() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "this is the clock whose error is asked for")]
    let std = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Duration::from_nanos(WALL_START_NS + now_ns()).saturating_sub(std)
}
