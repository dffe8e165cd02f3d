//! Shared code of all targets' scenarios: checks by invariant, crash windows, and values sampled from strategies.

pub mod checks;
pub mod crash_window;
pub mod sample;
