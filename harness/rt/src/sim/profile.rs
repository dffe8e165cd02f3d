//! Where the real time of a run goes, for benches: asked of the kernel's clock, which a simulation otherwise hides.

use std::{cell::Cell, time::Duration};

use crate::sim::simulator;

/// Real time by part. The parts do not overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Making the world and taking it down, the opening and closing of databases left out.
    pub set_up: Duration,
    /// sqlx and SQLite: opening, statements, closing.
    pub sqlx: Duration,
    /// The simulator's own steps, the hosts' code left out.
    pub simulator: Duration,
    /// The hosts' code with the facade, sqlx left out.
    pub hosts: Duration,
    /// What the harness does between steps: agenda, director, idle skip.
    pub harness: Duration,
}

thread_local! {
    static IS_ON: Cell<bool> = const { Cell::new(false) };
    static TOTALS: Cell<[u64; Part::COUNT]> = const { Cell::new([0; Part::COUNT]) };
}

/// Nested parts: each contains those after it.
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

pub(crate) fn switch(on: bool) {
    IS_ON.set(on);
    TOTALS.set([0; Part::COUNT]);
}

/// Measures a part of a run, where somebody wants to know.
pub(crate) fn measure<T>(part: Part, work: impl FnOnce() -> T) -> T {
    if !IS_ON.get() {
        return work();
    }
    let start = simulator::kernel_ns();
    let output = work();
    let mut totals = TOTALS.get();
    totals[part as usize] += simulator::kernel_ns() - start;
    TOTALS.set(totals);
    output
}

pub(crate) fn result() -> Option<Profile> {
    if !IS_ON.replace(false) {
        return None;
    }
    let totals = TOTALS.get();
    let total = |part: Part| totals[part as usize];
    let between = |outer: u64, inner: u64| Duration::from_nanos(outer.saturating_sub(inner));
    let sqlx_outside_hosts = total(Part::Sqlx).saturating_sub(total(Part::SqlxInHosts));
    Some(Profile {
        set_up: between(total(Part::Run), total(Part::Loop) + sqlx_outside_hosts),
        sqlx: Duration::from_nanos(total(Part::Sqlx)),
        simulator: between(total(Part::Step), total(Part::Hosts)),
        hosts: between(total(Part::Hosts), total(Part::SqlxInHosts)),
        harness: between(total(Part::Loop), total(Part::Step)),
    })
}
