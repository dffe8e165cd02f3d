//! The scenarios of the reference pipelines: one file for each claim, by target.

mod checks;
pub mod outbox;
pub mod provisioning;
mod sample;

use chaosdrill::Registry;

/// All scenarios, with the targets they drill.
pub fn registry() -> Registry {
    let registry = Registry::new()
        .manifest_dir(env!("CARGO_MANIFEST_DIR"))
        .target(outbox::target())
        .target(provisioning::target());
    let scenarios = outbox::scenarios().into_iter().chain(provisioning::scenarios());
    scenarios.fold(registry, Registry::with)
}
