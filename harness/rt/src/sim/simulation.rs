//! One simulation as one value: the world, and everything that is kept for it.
//!
//! In process, a simulation has a thread to itself, and the code of its hosts finds it by that thread ([`try_with`]).
//! Each part has a cell of its own, borrowed for the length of one call and never across an await or a poll of foreign
//! code.

use std::{
    cell::{Cell, RefCell},
    mem::ManuallyDrop,
    rc::Rc,
    time::Duration,
};

use crate::sim::{
    clock, databases::Databases, objects::Objects, profile::Totals, remains::Remains, simulator,
    sqlite::row_watches::RowWatches, strike::Strike, world::World,
};

/// The state of one simulation.
pub(crate) struct Simulation {
    pub(crate) world: RefCell<World>,
    pub(crate) databases: RefCell<Databases>,
    pub(crate) objects: RefCell<Objects>,
    pub(crate) row_watches: RefCell<RowWatches>,
    /// What is left of the tasks of hosts that have crashed.
    pub(crate) remains: RefCell<Remains>,
    /// Tasks are numbered as they are spawned; a host's own software is its number 0.
    pub(crate) tasks: Cell<u64>,
    /// What struck at the failpoint that was hit last.
    pub(crate) strike: Cell<Option<Strike>>,
    /// Where the real time went; `None` if nobody wants to know.
    pub(crate) totals: Option<Totals>,
    /// What the simulator keeps for itself.
    pub(crate) simulator: simulator::Local,
}

thread_local! {
    /// Without a destructor, which every access would have to ask for; [`take`] empties it.
    static CURRENT: RefCell<ManuallyDrop<Option<Rc<Simulation>>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Makes a simulation that of the thread at hand.
pub(crate) fn install(simulation: Simulation) {
    CURRENT.set(ManuallyDrop::new(Some(Rc::new(simulation))));
}

/// Takes the simulation off the thread at hand.
pub(crate) fn take() -> Simulation {
    let current = CURRENT.with_borrow_mut(|current| current.take());
    let current = current.expect("this thread has a simulation");
    Rc::into_inner(current).expect("nobody keeps a simulation for longer than a call")
}

/// Runs `f` on the simulation of the thread at hand; `None` outside a simulation.
pub(crate) fn try_with<R>(f: impl FnOnce(&Simulation) -> R) -> Option<R> {
    CURRENT.with(|current| current.try_borrow().ok()?.as_deref().map(f))
}

/// As [`try_with`], inside a simulation.
pub(crate) fn with<R>(f: impl FnOnce(&Simulation) -> R) -> R {
    try_with(f).expect("this call belongs inside a simulation")
}

/// Runs `f` on the world of the simulation at hand; `None` outside a simulation.
pub(crate) fn try_with_world<R>(f: impl FnOnce(&mut World) -> R) -> Option<R> {
    try_with(|simulation| f(&mut simulation.world.borrow_mut()))
}

/// As [`try_with_world`], inside a simulation.
pub(crate) fn with_world<R>(f: impl FnOnce(&mut World) -> R) -> R {
    with(|simulation| f(&mut simulation.world.borrow_mut()))
}

/// Virtual time.
pub(crate) fn now() -> Duration {
    Duration::from_nanos(clock::now_ns())
}
