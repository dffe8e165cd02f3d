//! The scenarios of the reference pipelines: one file for each claim, by target.

mod checks;
pub mod outbox;
mod sample;

use chaosdrill::Registry;

/// All scenarios, with the targets they drill.
pub fn registry() -> Registry {
    let registry =
        Registry::new().manifest_dir(env!("CARGO_MANIFEST_DIR")).target(outbox::target());
    outbox::scenarios().into_iter().fold(registry, Registry::with)
}
