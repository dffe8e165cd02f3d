//! The scenarios of provisioning: its claims, and the faults that test them.

mod audit_store;
mod backend_trouble;
mod bad_key;
mod calm;
mod checks;
mod client_gone;
mod clients;
mod crash_windows;
mod deployments;
mod entry_points;
mod failing_teardown;
mod finalize_steps;
mod handler_guard;
mod late_rollbacks;
mod odd_bytes;
mod outages;
mod promises;
mod quota;
mod reboots;
mod reconcilers;
mod skew;
mod slow_handler;
mod stage;
mod sweeps;
mod turns;
mod windows;

use chaosdrill::{Scenario, Target};
use chaosdrill_target_provisioning::{DEFECTS, failpoints};

/// The target, with its failpoints, planted bugs and static checks.
pub fn target() -> Target {
    Target::new("provisioning")
        .failpoints(failpoints::ALL)
        .defects(DEFECTS)
        .goals(windows::all())
        .promises(promises::all())
        .static_checks([handler_guard::guard()])
}

/// All scenarios of provisioning.
pub fn scenarios() -> Vec<Scenario> {
    let mut scenarios = vec![
        audit_store::scenario(),
        backend_trouble::scenario(),
        bad_key::scenario(),
        calm::scenario(),
        client_gone::scenario(),
        deployments::of_crashes(),
        deployments::of_errors(),
        entry_points::of_refused_twins(),
        entry_points::scenario(),
        failing_teardown::scenario(),
        finalize_steps::of_errors(),
        finalize_steps::of_lost_answers(),
        late_rollbacks::of_ends_that_are_not_stored(),
        late_rollbacks::of_late_objects(),
        odd_bytes::scenario(),
        outages::of_the_backend(),
        outages::of_the_database(),
        quota::scenario(),
        reboots::scenario(),
        reconcilers::of_crashes(),
        reconcilers::of_races(),
        skew::scenario(),
        slow_handler::of_stalls(),
        slow_handler::of_slow_backends(),
        sweeps::between_list_and_deletion(),
        sweeps::in_flight(),
        sweeps::without_the_living(),
        turns::scenario(),
    ];
    scenarios.extend(crash_windows::scenarios());
    scenarios
}
