//! On which host the caller runs: set by the gate around each poll of a task.

use std::cell::{Cell, RefCell};

use crate::sim::{clock, host::Here};

thread_local! {
    static HERE: Cell<Option<Here>> = const { Cell::new(None) };
    /// Where the panic happened that is being caught. Apart, because a panic may happen at any moment.
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The host on which the caller runs; `None` outside every host.
pub(crate) fn here() -> Option<Here> {
    HERE.try_with(Cell::get).ok().flatten().or_else(clock::host_of_runtime)
}

/// From now on the caller runs on this host; returns where it ran before.
pub(crate) fn replace(here: Option<Here>) -> Option<Here> {
    HERE.replace(here)
}

/// Keeps the place of a panic until it is described.
pub(crate) fn set_panic_place(place: String) {
    PANIC_PLACE.set(place);
}

/// The place of the panic that was caught last.
pub(crate) fn take_panic_place() -> String {
    PANIC_PLACE.take()
}
