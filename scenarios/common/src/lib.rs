//! What the scenarios of all targets share: checks by invariant, crash windows, and values drawn from strategies.

pub mod checks;
pub mod crash_window;
pub mod sample;
