//! Measures a run for its profile, with the kernel's clock, which a simulation otherwise hides.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use chaosdrill_core::{Profile, SiteCost};

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

/// Nanoseconds of the kernel's clock, by part, and the cost of each site.
#[derive(Default)]
pub(crate) struct Totals {
    parts: [Cell<u64>; Part::COUNT],
    sites: RefCell<BTreeMap<String, SiteCost>>,
}

impl Totals {
    pub(crate) fn add(&self, part: Part, ns: u64) {
        let total = &self.parts[part as usize];
        total.set(total.get() + ns);
    }

    /// Adds a pass of a site.
    pub(crate) fn add_pass(&self, site: &str, ns: u64) {
        let mut sites = self.sites.borrow_mut();
        let cost = match sites.get_mut(site) {
            Some(cost) => cost,
            None => sites.entry(site.to_owned()).or_default(),
        };
        cost.passes += 1;
        cost.took += Duration::from_nanos(ns);
    }

    pub(crate) fn profile(&self) -> Profile {
        let total = |part: Part| self.parts[part as usize].get();
        let between = |outer: u64, inner: u64| Duration::from_nanos(outer.saturating_sub(inner));
        let database_outside_hosts =
            total(Part::Database).saturating_sub(total(Part::DatabaseInHosts));
        Profile {
            set_up: between(total(Part::Run), total(Part::Loop) + database_outside_hosts),
            databases: Duration::from_nanos(total(Part::Database)),
            simulator: between(total(Part::Step), total(Part::Hosts)),
            hosts: between(total(Part::Hosts), total(Part::DatabaseInHosts)),
            harness: between(total(Part::Loop), total(Part::Step)),
            checks: Duration::ZERO,
            sites: self.sites.borrow().clone(),
        }
    }
}
