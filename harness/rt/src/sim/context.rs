//! The host on which the caller runs: the gate sets it around each poll of a task.

use std::cell::{Cell, RefCell};

use crate::sim::{clock, host::Here};

thread_local! {
    static HERE: Cell<Option<Here>> = const { Cell::new(None) };
    /// The place of the panic that is being caught. It has a cell of its own, because a panic may happen at any moment.
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The host on which the caller runs; `None` outside every host.
pub(crate) fn here() -> Option<Here> {
    HERE.try_with(Cell::get).ok().flatten().or_else(clock::host_of_runtime)
}

/// Sets the host on which the caller runs, and returns the previous one.
pub(crate) fn replace(here: Option<Here>) -> Option<Here> {
    HERE.replace(here)
}

/// Keeps the place of a panic until the panic is described.
pub(crate) fn set_panic_place(place: String) {
    PANIC_PLACE.set(place);
}

/// Takes the place of the panic that was caught last.
pub(crate) fn take_panic_place() -> String {
    PANIC_PLACE.take()
}
