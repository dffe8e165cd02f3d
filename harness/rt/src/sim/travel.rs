//! The way of a request to a machine that the simulator does not know, or of its answer back.
//!
//! The database and the object store are no machines of the simulator's: requests to them are function calls. What
//! they meet on their way is what a message would meet: latency, a clogged link, a cut one.

use std::{task::Poll, time::Duration};

use chaosdrill_core::Stream;

use crate::sim::{
    Config, Latency,
    gate::Here,
    link::Pair,
    world::{self, World},
};

/// A machine that stands among the hosts and runs no software of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    Database,
    Store,
}

/// What was on its way never arrives, and its sender's connection is reset.
#[derive(Debug)]
pub(crate) struct Lost;

/// One way between a host and a machine.
pub(crate) async fn travel(here: Here, machine: Machine) -> Result<(), Lost> {
    let latency = world::with(|world| world.draw_latency(machine));
    if !latency.is_zero() {
        crate::time::sleep(latency).await;
    }
    let pair = world::with(|world| Pair::of(here.host, world.place_of(machine)));
    std::future::poll_fn(|cx| {
        world::with(|world| {
            if world.links.is_clogged(pair) && !world.links.is_cut(pair) {
                world.links.wait(pair, cx.waker());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
    })
    .await;
    let is_lost = world::with(|world| {
        let is_down = machine == Machine::Database && world.database_down > 0;
        is_down || world.links.is_cut(pair)
    });
    if is_lost { Err(Lost) } else { Ok(()) }
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
