//! The scenarios of the recovery pipeline: its claims, and the faults that test them.

pub mod cluster;
pub mod engine;
mod guards;
mod promises;
mod windows;

use chaosdrill::{Scenario, Target};
use chaosdrill_target_recovery::{DEFECTS, failpoints};

/// The target, with its failpoints, planted bugs and static checks.
pub fn target() -> Target {
    Target::new("recovery")
        .failpoints(failpoints::ALL)
        .defects(DEFECTS)
        .goals(windows::all())
        .promises(promises::all())
        .static_checks(guards::guards())
}

/// All scenarios of recovery, by layer.
pub fn scenarios() -> Vec<Scenario> {
    [cluster::scenarios(), engine::scenarios()].concat()
}
