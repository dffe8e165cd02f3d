//! One simulation as one value: the world, and all state around it.
//!
//! In process, a simulation has a thread of its own, and host code finds it through that thread ([`try_with`]). Each
//! part is in a cell of its own, which is borrowed for one call only, and never across an await or a poll of foreign
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
    /// The tasks of crashed hosts that are not dropped yet.
    pub(crate) remains: RefCell<Remains>,
    /// The number of the next task; a host's own software is number 0.
    pub(crate) tasks: Cell<u64>,
    /// The faults that struck at the failpoint that was hit last.
    pub(crate) strike: Cell<Option<Strike>>,
    /// Real time by part; `None` unless the run is profiled.
    pub(crate) totals: Option<Totals>,
    /// State of the simulator.
    pub(crate) simulator: simulator::Local,
}

thread_local! {
    /// Without a destructor, because every access would have to check for one; [`take`] empties it.
    static CURRENT: RefCell<ManuallyDrop<Option<Rc<Simulation>>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Installs a simulation on the current thread.
pub(crate) fn install(simulation: Simulation) {
    CURRENT.set(ManuallyDrop::new(Some(Rc::new(simulation))));
}

/// Takes the simulation from the current thread.
pub(crate) fn take() -> Simulation {
    let current = CURRENT.with_borrow_mut(|current| current.take());
    let current = current.expect("this thread has a simulation");
    Rc::into_inner(current).expect("nobody keeps a simulation for longer than a call")
}

/// Runs `f` on the simulation of the current thread; `None` outside a simulation.
pub(crate) fn try_with<R>(f: impl FnOnce(&Simulation) -> R) -> Option<R> {
    CURRENT.with(|current| current.try_borrow().ok()?.as_deref().map(f))
}

/// Like [`try_with`], inside a simulation.
pub(crate) fn with<R>(f: impl FnOnce(&Simulation) -> R) -> R {
    try_with(f).expect("this call belongs inside a simulation")
}

/// Runs `f` on the world of the current simulation; `None` outside a simulation.
pub(crate) fn try_with_world<R>(f: impl FnOnce(&mut World) -> R) -> Option<R> {
    try_with(|simulation| f(&mut simulation.world.borrow_mut()))
}

/// Like [`try_with_world`], inside a simulation.
pub(crate) fn with_world<R>(f: impl FnOnce(&mut World) -> R) -> R {
    with(|simulation| f(&mut simulation.world.borrow_mut()))
}

/// The virtual time.
pub(crate) fn now() -> Duration {
    Duration::from_nanos(clock::now_ns())
}
