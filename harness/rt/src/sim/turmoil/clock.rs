//! The virtual clock and the entropy of one simulation on turmoil, in thread-local cells.
//!
//! Only this state is separate from the rest of a simulation. The replacements of libc's functions are called at any
//! moment, even before a simulation begins, while its world is borrowed, and while its thread ends.

use std::{
    cell::{Cell, RefCell},
    mem::ManuallyDrop,
    time::Duration,
};

use tokio::time::Instant;

use crate::sim::host::Here;

/// The wall clock at the beginning of every simulation, in nanoseconds.
const WALL_START_NS: u64 = chaosdrill_core::duration::WALL_START_MS as u64 * 1_000_000;

/// The monotonic clock at the beginning; not zero, so that code may subtract from it.
const MONOTONIC_START_NS: u64 = 1_000_000_000_000;

/// A host's clock: converts an instant of the host's runtime to virtual time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostClock {
    /// Virtual time of the whole simulation, in nanoseconds, ...
    virtual_ns: u64,
    /// ... at this instant of the host's runtime.
    instant: Instant,
    /// How far off the host's wall clock is.
    skew_ns: i64,
}

impl HostClock {
    fn now_ns(self) -> u64 {
        let since = Instant::now().saturating_duration_since(self.instant);
        self.virtual_ns + since.as_nanos() as u64
    }
}

/// A host's runtime, by which tasks are recognised that were spawned without the facade.
#[derive(Clone, Copy, Debug)]
struct Known {
    runtime: tokio::runtime::Id,
    here: Here,
    clock: HostClock,
}

thread_local! {
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    static STEP_NS: Cell<u64> = const { Cell::new(0) };
    static HOST: Cell<Option<HostClock>> = const { Cell::new(None) };
    static ENTROPY: Cell<u64> = const { Cell::new(0) };
    /// The number of tasks that are being polled, nested in each other.
    static POLLED: Cell<u32> = const { Cell::new(0) };
    /// Set while this clock itself requests the time, because an unpaused tokio clock calls libc.
    static ASKING: Cell<bool> = const { Cell::new(false) };
    /// Without a destructor, so that it is accessible at any moment; the guard empties it.
    static KNOWN: RefCell<ManuallyDrop<Vec<Known>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
    /// The index of the runtime that was looked up last, which is usually looked up again.
    static LAST: Cell<usize> = const { Cell::new(0) };
}

/// Ends the simulation's clock when dropped.
pub(crate) struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        ACTIVE.set(false);
        HOST.set(None);
        KNOWN.with_borrow_mut(|known| std::mem::take(&mut **known));
    }
}

/// Makes this thread's clock virtual and its entropy seeded.
pub(crate) fn start(entropy: u64) -> Guard {
    STEP_NS.set(0);
    HOST.set(None);
    ENTROPY.set(entropy);
    POLLED.set(0);
    ACTIVE.set(true);
    Guard(())
}

/// Whether this thread runs a simulation.
pub(crate) fn is_active() -> bool {
    ACTIVE.try_with(Cell::get).unwrap_or(false)
}

/// Sets the time of the current step.
pub(crate) fn set_step(at: Duration) {
    STEP_NS.set(u64::try_from(at.as_nanos()).expect("a run lasts less than 584 years"));
}

/// Virtual nanoseconds since the simulation began.
pub(crate) fn now_ns() -> u64 {
    host_clock().map_or_else(|| STEP_NS.get(), HostClock::now_ns)
}

/// The current instant. Time stands still within a tick.
pub(crate) fn instant_ns() -> u64 {
    now_ns()
}

/// The instant of tokio's clock.
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// The clock of the current host: of the task that is polled, or else of the runtime that runs.
fn host_clock() -> Option<HostClock> {
    HOST.get().or_else(|| known_runtime().map(|known| known.clock))
}

fn known_runtime() -> Option<Known> {
    // May be called at any moment, even while a runtime is taken down.
    let runtime = tokio::runtime::Handle::try_current().ok()?.id();
    KNOWN.with(|known| {
        let known = known.try_borrow().ok()?;
        let is_it = |known: &&Known| known.runtime == runtime;
        if let Some(last) = known.get(LAST.get()).filter(is_it) {
            return Some(*last);
        }
        let place = known.iter().position(|known| is_it(&known))?;
        LAST.set(place);
        Some(known[place])
    })
}

/// The host whose runtime runs the caller, for code that does not use the facade.
pub(crate) fn host_of_runtime() -> Option<Here> {
    if is_active() { known_runtime().map(|known| known.here) } else { None }
}

/// The clock of a host. It is set at the first poll of a life, when the host's runtime and the step have the same time.
pub(crate) fn of_host(here: Here, skew_ns: i64) -> HostClock {
    let known = KNOWN.with_borrow(|known| known.iter().find(|known| known.here == here).copied());
    if let Some(known) = known {
        return known.clock;
    }
    let clock = HostClock { virtual_ns: STEP_NS.get(), instant: Instant::now(), skew_ns };
    let runtime = tokio::runtime::Handle::current().id();
    KNOWN.with_borrow_mut(|known| {
        known.retain(|known| known.here.host != here.host);
        known.push(Known { runtime, here, clock });
    });
    clock
}

/// Sets how far off a host's wall clock is.
pub(crate) fn set_skew(host: usize, skew_ns: i64) {
    KNOWN.with_borrow_mut(|known| {
        for known in known.iter_mut().filter(|known| known.here.host == host) {
            known.clock.skew_ns = skew_ns;
        }
    });
}

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
    let right = host_clock().map(|clock| HostClock { skew_ns: 0, ..clock });
    let before = enter(right);
    let output = call();
    leave(before);
    output
}

/// tokio begins to poll a task.
pub(crate) fn enter_task() {
    POLLED.set(POLLED.get() + 1);
}

/// tokio ends the poll of a task.
pub(crate) fn leave_task() {
    POLLED.set(POLLED.get().saturating_sub(1));
}

/// Whether a task is currently polled.
pub(crate) fn is_a_task_polled() -> bool {
    POLLED.get() > 0
}

/// Answers libc from a simulation's clock; `None` on any other thread, and while that clock itself calls libc.
pub(crate) fn answer(ask: impl FnOnce() -> u64) -> Option<u64> {
    if !is_active() || ASKING.replace(true) {
        return None;
    }
    let ns = ask();
    ASKING.set(false);
    Some(ns)
}

/// The value of libc's monotonic clock.
pub(crate) fn monotonic_ns() -> u64 {
    // Between polls of tasks, only tokio reads the clock, often, to measure itself.
    let now = if is_a_task_polled() { now_ns() } else { STEP_NS.get() };
    MONOTONIC_START_NS + now
}

/// The value of libc's wall clock, with the skew of the current host.
pub(crate) fn wall_ns() -> u64 {
    let host = host_clock();
    let now = host.map_or_else(|| STEP_NS.get(), HostClock::now_ns);
    (WALL_START_NS + now).saturating_add_signed(host.map_or(0, |host| host.skew_ns))
}

/// On turmoil, std's wall clock is ours.
pub(crate) fn std_is_behind_by() -> Duration {
    Duration::ZERO
}

/// Draws the next 64 bits of the thread's entropy (SplitMix64: Steele, Lea, Flood, 2014).
pub(crate) fn next_entropy() -> u64 {
    let state = ENTROPY.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    ENTROPY.set(state);
    let mut mixed = state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
