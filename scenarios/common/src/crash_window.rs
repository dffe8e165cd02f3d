//! A crash window: a place between two steps that touch the outside world, with a scenario's claim about a crash there.

use std::time::Duration;

use chaosdrill::{
    Stream,
    fault::{Fault, Place, Restart, at},
};

/// A crash window, its claim, and the faults that cause the crash.
pub struct Window<F = Fault> {
    /// The name of its scenario.
    pub name: &'static str,
    /// The claim about a crash in it.
    pub claim: &'static str,
    /// Draws the faults of one run.
    pub strike: fn(&mut Stream) -> F,
}

/// One of the first `hit_max` hits of a site, on any host.
pub fn place(site: &str, stream: &mut Stream, hit_max: u64) -> Place {
    at(site).on_any().hit(hit(stream, hit_max))
}

/// One of the first `hit_max` hits.
pub fn hit(stream: &mut Stream, hit_max: u64) -> u32 {
    stream.between(1, hit_max) as u32
}

/// When the host comes back: within its lease, after it, or when the chaos is over.
pub fn back(stream: &mut Stream, after_lease: Duration) -> Restart {
    match stream.below(3) {
        0 => Restart::After(Duration::from_secs(5)),
        1 => Restart::After(after_lease),
        _ => Restart::AtHeal,
    }
}
