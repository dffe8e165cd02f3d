//! Profiles a run for benchmarks: real time by part, from the kernel's clock, which a simulation otherwise hides.

use std::{cell::Cell, time::Duration};

/// Real time by part. The parts do not overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Creating the world and taking it down, without opening and closing databases.
    pub set_up: Duration,
    /// sqlx and SQLite: opening, statements, closing.
    pub sqlx: Duration,
    /// The simulator's own steps, without the hosts' code.
    pub simulator: Duration,
    /// The hosts' code with the facade, without sqlx.
    pub hosts: Duration,
    /// The harness between steps: events, director, idle skip.
    pub harness: Duration,
}

/// Nested parts: each part contains the parts after it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Run,
    Loop,
    Step,
    Hosts,
    /// Within the hosts' code.
    SqlxInHosts,
    /// Anywhere.
    Sqlx,
}

impl Part {
    const COUNT: usize = 6;
}

/// Nanoseconds of the kernel's clock, by part.
#[derive(Default)]
pub(crate) struct Totals([Cell<u64>; Part::COUNT]);

impl Totals {
    pub(crate) fn add(&self, part: Part, ns: u64) {
        let total = &self.0[part as usize];
        total.set(total.get() + ns);
    }

    pub(crate) fn profile(&self) -> Profile {
        let total = |part: Part| self.0[part as usize].get();
        let between = |outer: u64, inner: u64| Duration::from_nanos(outer.saturating_sub(inner));
        let sqlx_outside_hosts = total(Part::Sqlx).saturating_sub(total(Part::SqlxInHosts));
        Profile {
            set_up: between(total(Part::Run), total(Part::Loop) + sqlx_outside_hosts),
            sqlx: Duration::from_nanos(total(Part::Sqlx)),
            simulator: between(total(Part::Step), total(Part::Hosts)),
            hosts: between(total(Part::Hosts), total(Part::SqlxInHosts)),
            harness: between(total(Part::Loop), total(Part::Step)),
        }
    }
}
