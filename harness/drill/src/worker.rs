//! A worker process, from its own side: reads one job per line from standard input, and writes one reply per line.
//!
//! The program is its own worker: it starts itself again with [`WORKER_VARIABLE`] set. Replies use a copy of standard
//! output; the output of a target goes to standard error, so that it cannot garble the replies.

use std::{
    fs::File,
    io::{self, BufRead, Write},
    os::fd::AsFd,
};

use chaosdrill_core::limits;
use rustix::process::{Resource, Rlimit, Signal};

use crate::{interrupt, job::Job, registry::Registry, run};

/// Set in a worker process; the value is the worker's number.
pub(crate) const WORKER_VARIABLE: &str = "CHAOSDRILL_WORKER";

/// The worker's number; `None` if this process is not a worker.
pub(crate) fn number() -> Option<usize> {
    #[expect(clippy::disallowed_methods, reason = "a worker learns here that it is one")]
    let value = std::env::var(WORKER_VARIABLE).ok()?;
    value.parse().ok()
}

/// Works until the parent closes standard input.
pub(crate) fn work(registry: &Registry) -> io::Result<()> {
    // A killed parent takes its workers along, even a worker that spins.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    interrupt::ignore().map_err(io::Error::other)?;
    limit_memory();
    let mut replies = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdout(io::stderr())?;
    for line in io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let mut reply = serde_json::to_vec(&run::run(registry, &job))?;
        reply.push(b'\n');
        replies.write_all(&reply)?;
    }
    Ok(())
}

/// Limits memory: a target that leaks without end is stopped by its own allocator, before it takes the machine along.
fn limit_memory() {
    let bytes = Some(limits::WORKER_ADDRESS_SPACE_BYTES_MAX);
    let _ = rustix::process::setrlimit(Resource::As, Rlimit { current: bytes, maximum: bytes });
}
