//! Profiles a run for benchmarks: real time by part, from the kernel's clock, which a simulation otherwise hides.

use std::{cell::Cell, time::Duration};

/// Real time by part. The parts do not overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Creating the world and taking it down, without opening and closing databases.
    pub set_up: Duration,
    /// The databases: opening, statements, closing.
    pub databases: Duration,
    /// The simulator's own steps, without the hosts' code.
    pub simulator: Duration,
    /// The hosts' code with the facade, without the databases.
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
    DatabaseInHosts,
    /// Anywhere.
    Database,
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
        let database_outside_hosts =
            total(Part::Database).saturating_sub(total(Part::DatabaseInHosts));
        Profile {
            set_up: between(total(Part::Run), total(Part::Loop) + database_outside_hosts),
            databases: Duration::from_nanos(total(Part::Database)),
            simulator: between(total(Part::Step), total(Part::Hosts)),
            hosts: between(total(Part::Hosts), total(Part::DatabaseInHosts)),
            harness: between(total(Part::Loop), total(Part::Step)),
        }
    }
}
