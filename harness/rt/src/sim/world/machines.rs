//! The machines that the simulator does not know, the database and the object store: where they stand, and how long
//! requests to them travel.

use std::time::Duration;

use chaosdrill_core::Stream;

use crate::sim::{
    config::{Config, Latency},
    world::World,
};

/// A machine that stands among the hosts and runs no software of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    Database,
    Store,
}

/// How long requests travel, and the dice that say so.
pub(crate) struct Ways {
    database: (Latency, Stream),
    store: (Latency, Stream),
}

impl Ways {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            database: (config.database, config.seed.stream("database latency")),
            store: (config.store, config.seed.stream("store latency")),
        }
    }
}

impl World {
    /// A machine's place among the hosts: behind all that run software.
    pub(crate) fn place_of(&self, machine: Machine) -> usize {
        match machine {
            Machine::Database => self.hosts.len() - 2,
            Machine::Store => self.hosts.len() - 1,
        }
    }

    /// Draws how long a request or its answer travels.
    pub(crate) fn draw_latency(&mut self, machine: Machine) -> Duration {
        let (Latency { ms_min, ms_max }, dice) = match machine {
            Machine::Database => &mut self.ways.database,
            Machine::Store => &mut self.ways.store,
        };
        Duration::from_millis(dice.between(*ms_min, *ms_max))
    }
}
