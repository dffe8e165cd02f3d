//! Runs without a trace, for load and speed tests.
//!
//! An untraced run is the same run, step for step, but its events are only counted. It therefore has no history for
//! checks to judge, no digest to compare runs by, and no sites. [`Untraced`] is a type of its own without a trace, so
//! that it cannot be mistaken for a drill: everything that judges a run requires a [`Finished`](crate::sim::Finished).
//!
//! ```compile_fail,E0609
//! # use chaosdrill_rt::sim::Untraced;
//! fn digest(untraced: &Untraced) -> String {
//!     untraced.trace.digest().to_string()
//! }
//! ```

use std::time::Duration;

use chaosdrill_core::Profile;

use crate::sim::{
    config::Config, director::Director, finished::Finished, ledger::Tracing, run_on_a_thread,
    stop::Stop,
};

/// The results of an untraced run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Untraced {
    /// Whether the software of every client had ended.
    pub clients_done: bool,
    /// Why the run ended early; `None` if it did not.
    pub stop: Option<Stop>,
    /// Virtual time of the whole run.
    pub elapsed: Duration,
    /// The number of executed simulator steps; skipped idle time is not counted.
    pub steps: u64,
    /// The number of events that a trace would have.
    pub events: u64,
    /// The real time by part; `None` without [`Config::profile`].
    pub profile: Option<Profile>,
}

impl From<Finished> for Untraced {
    fn from(finished: Finished) -> Self {
        let Finished { run, steps, events, .. } = finished;
        let (clients_done, stop, elapsed) = (run.clients_done, run.stop, run.elapsed);
        let profile = run.profile;
        Self { clients_done, stop, elapsed, steps, events, profile }
    }
}

/// Like [`run`](crate::sim::run), without a trace.
///
/// The arguments of `observe!` and [`record`](crate::sim::record) are not evaluated, as outside a simulation. A
/// director that reads the trace panics.
///
/// # Errors
///
/// Like [`run`](crate::sim::run).
pub fn run_untraced<D>(config: Config, director: D) -> Result<Untraced, String>
where
    D: Director + Send + 'static,
{
    run_on_a_thread(config, Tracing::Off, director).map(Untraced::from)
}
