//! Ctrl-C handling: the first one ends a campaign cleanly with its results so far; the second one ends it at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::status::Status;

static ASKED_FOR: AtomicBool = AtomicBool::new(false);

/// Whether the user asked this process to stop.
pub(crate) fn was_asked_for() -> bool {
    ASKED_FOR.load(Ordering::Relaxed)
}

/// Listens for Ctrl-C, in a parent process.
pub(crate) fn listen() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if ASKED_FOR.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Status::Interrupted.code()));
        }
        eprintln!(
            "interrupted: waiting for the started runs to end; press Ctrl-C again to stop at once"
        );
    })
}

/// Ignores Ctrl-C in a worker: the terminal sends it to every process in the foreground, and the parent handles it.
pub(crate) fn ignore() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {})
}
