//! The in-process handle through which the engine reaches the current simulation.
//!
//! It adds what the world must not know: which host calls, the time, and how effects are performed in process.

use std::time::Duration;

use chaosdrill_core::{
    Act,
    fault::Restart,
    trace::{
        EventKind,
        vocabulary::{Cause, Written},
    },
};
use serde_json::Value;

use crate::sim::{
    clock, context, database,
    effect::{Effect, NetworkControl},
    event_queue::Event,
    host::Here,
    link::Pair,
    simulation::{now, try_with_world, with_world},
};

/// Performs an effect of something that a host did.
fn perform_here(effect: Effect) {
    match effect {
        Effect::Wake(waker) => waker.wake(),
        Effect::CloseConnections { host, at } => database::close_host(host, at),
        Effect::SetSkew { host, skew_ns } => clock::set_skew(host, skew_ns),
        Effect::Network(effect) => unreachable!("no host does {effect:?} to the network"),
    }
}

fn perform(effects: Vec<Effect>, network: &mut dyn NetworkControl) {
    for effect in effects {
        match effect {
            Effect::Network(effect) => network.perform(effect),
            effect => perform_here(effect),
        }
    }
}

/// Applies a scheduled event.
pub(crate) fn happen(event: Event, network: &mut dyn NetworkControl) {
    perform(with_world(|world| world.happen(now(), event)), network);
}

/// Ends every fault.
pub(crate) fn heal(network: &mut dyn NetworkControl) {
    perform(with_world(|world| world.heal(now())), network);
}

/// Records an event on the current host, and returns its number.
pub(crate) fn record(kind: EventKind, name: &str, data: impl FnOnce() -> Value) -> u64 {
    let host = context::here().map(|here| here.host);
    // The world is not borrowed here, because foreign code may produce the data.
    let data = if with_world(|world| world.ledger.is_traced()) { data() } else { Value::Null };
    record_value(host, kind, name, data)
}

/// What is the same for all closures that make data, so that it is compiled once.
fn record_value(host: Option<usize>, kind: EventKind, name: &str, data: Value) -> u64 {
    with_world(|world| world.record(now(), host, kind, name, || data))
}

/// Records an event of the harness itself.
pub(crate) fn note_of_harness(event: &impl Written) {
    with_world(|world| world.note(now(), None, event));
}

/// Whether the caller runs on a host that is up, or outside every host.
pub(crate) fn is_alive_here() -> bool {
    match context::here() {
        Some(here) => is_alive(here),
        None => clock::is_active(),
    }
}

/// Whether a task's host is still in the life that spawned the task.
pub(crate) fn is_alive(here: Here) -> bool {
    try_with_world(|world| world.is_alive(here)).unwrap_or(false)
}

/// Counts a hit of a host and returns the faults that strike; `None` if the host is no longer alive.
pub(crate) fn pass(here: Here, site: &str) -> Option<Vec<Act>> {
    let pass = try_with_world(|world| world.is_alive(here).then(|| world.pass(now(), here, site)));
    pass.flatten()
}

/// The link between two hosts, and how often it has been reset so far.
pub(crate) fn link_between(host: usize, peer: usize) -> (Pair, u64) {
    let pair = Pair::of(host, peer);
    (pair, with_world(|world| world.links.resets(pair)))
}

/// Crashes a host at once; `restart` says when it comes back.
pub(crate) fn crash(host: usize, restart: Restart, cause: Cause<'_>) {
    perform_here(with_world(|world| world.crash(now(), host, restart, cause)));
}

/// Records that a host's software ended by itself.
pub(crate) fn ended(here: Here, result: Result<(), String>) {
    perform_here(with_world(|world| world.ended(now(), here, result)));
}

/// Records a panic in a task of a host.
pub(crate) fn panicked(here: Here, message: &str) {
    perform_here(with_world(|world| world.panicked(now(), here, message)));
}

/// Stalls a host for this long.
pub(crate) fn stall(host: usize, lasts: Duration) {
    with_world(|world| world.stall(now(), host, lasts));
}
