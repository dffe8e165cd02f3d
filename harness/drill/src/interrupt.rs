//! Ctrl-C: once, and a campaign ends cleanly with what it has; twice, and it ends there and then.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::status::Status;

static ASKED_FOR: AtomicBool = AtomicBool::new(false);

/// Whether somebody asked this process to stop.
pub(crate) fn was_asked_for() -> bool {
    ASKED_FOR.load(Ordering::Relaxed)
}

/// Listens for it, in a parent process.
pub(crate) fn listen() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if ASKED_FOR.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Status::Interrupted.code()));
        }
        eprintln!("interrupted: runs that have begun come to their end; once more to stop at once");
    })
}

/// Leaves it to the parent, in a worker: a terminal sends it to every process in the foreground.
pub(crate) fn ignore() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {})
}
