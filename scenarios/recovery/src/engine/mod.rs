//! The engine: one graph, many tables, one manifest.

mod calm;
mod careless_tool;
mod checks;
mod clients;
mod crash_in_recovery;
mod crash_windows;
mod heal_beside_writers;
mod late_audit;
mod late_publication;
mod lost_version;
mod outages;
mod racing_opens;
mod racing_writers;
mod releases;
mod stage;
mod store_errors;

use chaosdrill::Scenario;

/// All scenarios of the engine.
pub fn scenarios() -> Vec<Scenario> {
    let mut scenarios = vec![
        calm::scenario(),
        careless_tool::scenario(),
        crash_in_recovery::scenario(),
        heal_beside_writers::scenario(),
        late_audit::scenario(),
        late_publication::scenario(),
        lost_version::scenario(),
        outages::of_hosts(),
        outages::of_links(),
        racing_opens::scenario(),
        racing_writers::scenario(),
        releases::newer(),
        releases::older(),
        store_errors::scenario(),
        store_errors::torn(),
    ];
    scenarios.extend(crash_windows::scenarios());
    scenarios
}
