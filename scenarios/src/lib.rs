//! The registry of the reference pipelines. Each target has its scenarios in its own crate.

mod troubles;

use chaosdrill::Registry;
use chaosdrill_scenarios_notification as notification;
use chaosdrill_scenarios_outbox as outbox;
use chaosdrill_scenarios_propagation as propagation;
use chaosdrill_scenarios_provisioning as provisioning;
use chaosdrill_scenarios_races as races;
use chaosdrill_scenarios_recovery as recovery;

/// All scenarios, with the targets they drill.
pub fn registry() -> Registry {
    let targets = [
        notification::target(),
        outbox::target(),
        propagation::target(),
        provisioning::target(),
        races::target(),
        recovery::target(),
    ];
    let registry = Registry::new()
        .manifest_dir(env!("CARGO_MANIFEST_DIR"))
        .goals(troubles::LIST, troubles::all());
    let registry = targets.into_iter().fold(registry, Registry::target);
    let scenarios = [
        notification::scenarios(),
        outbox::scenarios(),
        propagation::scenarios(),
        provisioning::scenarios(),
        races::scenarios(),
        recovery::scenarios(),
    ];
    scenarios.into_iter().flatten().fold(registry, Registry::with)
}
