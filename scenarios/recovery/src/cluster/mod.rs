//! The cluster layer: one ledger over many graphs.

mod another_writer;
mod approvals;
mod calm;
mod checks;
mod clients;
mod crash_in_engine;
mod crash_windows;
mod engine_errors;
mod forced_unlocks;
mod injected_errors;
mod list_errors;
mod old_ledger;
mod operator;
mod quarantine;
mod racing_appliers;
mod rejected_change;
mod source_edited;
mod stage;
mod store_errors;
mod unexpected_schema;
mod unreadable_ledger;
mod unreadable_sidecar;
mod unservable_graphs;

use chaosdrill::Scenario;

/// All scenarios of the cluster layer.
pub fn scenarios() -> Vec<Scenario> {
    let mut scenarios = vec![
        another_writer::scenario(),
        approvals::scenario(),
        calm::scenario(),
        crash_in_engine::scenario(),
        engine_errors::scenario(),
        forced_unlocks::late(),
        forced_unlocks::unreadable(),
        injected_errors::scenario(),
        list_errors::scenario(),
        old_ledger::scenario(),
        quarantine::scenario(),
        racing_appliers::with_the_lock(),
        racing_appliers::without_the_lock(),
        rejected_change::scenario(),
        source_edited::scenario(),
        store_errors::scenario(),
        unexpected_schema::scenario(),
        unreadable_ledger::scenario(),
        unreadable_sidecar::of_a_hand(),
        unreadable_sidecar::of_a_newer_release(),
        unservable_graphs::scenario(),
    ];
    scenarios.extend(crash_windows::scenarios());
    scenarios
}
