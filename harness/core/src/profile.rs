//! What a run costs: its real time by part and by site.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

/// Real time by part. The parts do not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Checking the history.
    pub checks: Duration,
    /// What is spent in each site of a database or store, its watches and its events included. It is also part of the
    /// time above.
    pub sites: BTreeMap<String, SiteCost>,
}

/// The cost of a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteCost {
    /// How often it was passed.
    pub passes: u64,
    /// The real time of all passes.
    pub took: Duration,
}

impl Profile {
    /// Adds the cost of another run.
    pub fn add(&mut self, other: &Self) {
        self.set_up += other.set_up;
        self.databases += other.databases;
        self.simulator += other.simulator;
        self.hosts += other.hosts;
        self.harness += other.harness;
        self.checks += other.checks;
        for (site, cost) in &other.sites {
            let sum = self.sites.entry(site.clone()).or_default();
            sum.passes += cost.passes;
            sum.took += cost.took;
        }
    }

    /// The parts by name.
    pub fn parts(&self) -> [(&'static str, Duration); 6] {
        [
            ("set-up and take-down", self.set_up),
            ("databases", self.databases),
            ("simulator", self.simulator),
            ("hosts and facade", self.hosts),
            ("harness between steps", self.harness),
            ("checks", self.checks),
        ]
    }

    /// The time of all parts.
    pub fn total(&self) -> Duration {
        self.parts().iter().map(|(_, time)| *time).sum()
    }

    /// The sites that cost most, the dearest first.
    pub fn dearest(&self, number: usize) -> Vec<(&str, SiteCost)> {
        let mut sites: Vec<_> =
            self.sites.iter().map(|(site, cost)| (site.as_str(), *cost)).collect();
        sites.sort_by_key(|(_, cost)| std::cmp::Reverse(cost.took));
        sites.truncate(number);
        sites
    }
}
