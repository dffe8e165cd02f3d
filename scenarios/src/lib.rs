//! The scenarios of the reference pipelines: one file for each claim, by target.

mod checks;
mod crash_window;
pub mod notification;
pub mod outbox;
pub mod propagation;
pub mod provisioning;
pub mod races;
pub mod recovery;
mod sample;
mod troubles;

use chaosdrill::Registry;

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
