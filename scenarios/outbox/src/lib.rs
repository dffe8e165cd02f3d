//! The scenarios of the outbox pipeline: its claims, and the faults that test them.

mod attempts_ceiling;
mod calm;
mod checks;
mod clients;
mod commit_ack_lost;
mod consumer_errors;
mod corrupt_row;
mod crash_windows;
mod full_batches;
mod ingress_answers;
mod late_release;
mod late_settles;
mod lease_expiry;
mod long_commits;
mod outages;
mod promises;
mod publish_fails_twice;
mod publish_on_commit;
mod queued_repository;
mod races;
mod read_model_failure;
mod snapshots;
mod stage;
mod standard;
mod unknown_event;
mod windows;

use chaosdrill::{Scenario, Target};
use chaosdrill_target_outbox::{DEFECTS, failpoints};

/// The target, with its failpoints and planted bugs.
pub fn target() -> Target {
    Target::new("outbox")
        .failpoints(failpoints::ALL)
        .defects(DEFECTS)
        .goals(windows::all())
        .promises(promises::all())
}

/// All scenarios of the outbox.
pub fn scenarios() -> Vec<Scenario> {
    let mut scenarios = vec![
        attempts_ceiling::of_crashes(),
        attempts_ceiling::of_refusals(),
        calm::scenario(),
        commit_ack_lost::scenario(),
        consumer_errors::permanent(),
        consumer_errors::transient(),
        corrupt_row::scenario(),
        full_batches::scenario(),
        ingress_answers::scenario(),
        late_release::scenario(),
        late_settles::of_two_workers(),
        late_settles::of_one_name(),
        late_settles::of_one_worker(),
        lease_expiry::of_two_workers(),
        lease_expiry::of_one_name(),
        long_commits::scenario(),
        outages::of_the_database(),
        outages::of_the_network(),
        publish_fails_twice::scenario(),
        publish_on_commit::after_a_crash(),
        publish_on_commit::at_once(),
        publish_on_commit::of_a_burst(),
        queued_repository::busy(),
        queued_repository::in_order(),
        queued_repository::lost_turn(),
        races::of_commits(),
        races::of_openings(),
        races::without_a_lock(),
        read_model_failure::scenario(),
        snapshots::scenario(),
        standard::scenario(),
        unknown_event::scenario(),
    ];
    scenarios.extend(crash_windows::scenarios());
    scenarios
}
