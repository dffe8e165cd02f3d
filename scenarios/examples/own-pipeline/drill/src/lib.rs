//! The drills of own-pipeline: its claims, and the faults that test them.

mod checks;
mod late_worker;
mod mailer;

use chaosdrill::{Class, Defect, Registry, Target};

/// The registry of this crate's scenarios.
pub fn registry() -> Registry {
    let summary = "a worker settles a job that has been claimed again since";
    let fence =
        Defect::new("M1", Class::Guard, summary).found_by(&["settled_by_the_current_claim"]);
    Registry::new()
        .manifest_dir(env!("CARGO_MANIFEST_DIR"))
        .target(Target::new("own").failpoints(own_pipeline::failpoints::ALL).defects(&[fence]))
        .with(late_worker::scenario())
}
