//! The scenarios of the propagation pipeline: its claims, and the faults that test them.

mod backstop;
mod calm;
mod checks;
mod clients;
mod crash_windows;
mod failed_round;
mod guards;
mod labels;
mod late_holders;
mod old_jobs;
mod one_bad_row;
mod outages;
mod persistent_failure;
mod poison_row;
mod promises;
mod racing_runners;
mod requeue;
mod rescue;
mod roll_out;
mod settings;
mod shutdown;
mod skew;
mod skips;
mod slow_dispatch;
mod stage;
mod unknown_kinds;
mod unknown_types;
mod unsaved_success;
mod unsaved_twenty_times;
mod windows;
mod workloads;

use chaosdrill::{Scenario, Target};
use chaosdrill_target_propagation::{DEFECTS, failpoints};

/// The target, with its failpoints, static checks and planted bugs.
pub fn target() -> Target {
    Target::new("propagation")
        .failpoints(failpoints::ALL)
        .defects(DEFECTS)
        .goals(windows::all())
        .promises(promises::all())
        .static_checks([guards::the_documented_total_is_computed()])
}

/// All scenarios of the propagation.
pub fn scenarios() -> Vec<Scenario> {
    let mut scenarios = vec![
        backstop::of_more_than_a_round(),
        backstop::of_what_was_given_up(),
        calm::scenario(),
        failed_round::scenario(),
        labels::scenario(),
        late_holders::scenario(),
        old_jobs::scenario(),
        one_bad_row::scenario(),
        outages::of_the_database(),
        outages::of_the_network(),
        persistent_failure::scenario(),
        poison_row::scenario(),
        racing_runners::scenario(),
        requeue::scenario(),
        rescue::of_a_dead_worker(),
        rescue::of_a_slow_job(),
        roll_out::scenario(),
        settings::scenario(),
        shutdown::scenario(),
        skew::scenario(),
        skips::scenario(),
        slow_dispatch::scenario(),
        unknown_kinds::scenario(),
        unknown_types::scenario(),
        unsaved_success::scenario(),
        unsaved_twenty_times::scenario(),
        workloads::scenario(),
    ];
    scenarios.extend(crash_windows::scenarios());
    scenarios
}
