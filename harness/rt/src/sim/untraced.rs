//! Runs of which no trace is taken: for load and speed, where nobody asks what happened.
//!
//! An untraced run is the same run, step for step; its events are counted and no more. So there is no history, and
//! nothing that a check could judge; no digest, and nothing to compare runs by; and no sites. A type of its own sees to
//! it that nobody takes such a run for a drill: [`Untraced`] has no trace, and what judges a run wants a
//! [`Finished`](crate::sim::Finished).
//!
//! ```compile_fail,E0609
//! # use chaosdrill_rt::sim::Untraced;
//! fn digest(untraced: &Untraced) -> String {
//!     untraced.trace.digest().to_string()
//! }
//! ```

use std::time::Duration;

use crate::sim::{
    config::Config, director::Director, finished::Finished, ledger::Tracing, profile::Profile,
    run_on_a_thread, stop::Stop,
};

/// What a run left behind that was not traced.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Untraced {
    /// Whether the software of every client had ended.
    pub clients_done: bool,
    /// Why the run ended early, if it did.
    pub stop: Option<Stop>,
    /// Virtual time of the whole run.
    pub elapsed: Duration,
    /// Simulator steps that were really executed.
    pub steps: u64,
    /// How many events a trace would have.
    pub events: u64,
    /// Where the real time went, where [`Config::profile`] asked for it.
    pub profile: Option<Profile>,
}

impl From<Finished> for Untraced {
    fn from(finished: Finished) -> Self {
        let Finished { clients_done, stop, elapsed, steps, events, profile, .. } = finished;
        Self { clients_done, stop, elapsed, steps, events, profile }
    }
}

/// As [`run`](crate::sim::run), and takes no trace.
///
/// What `observe!` and [`record`](crate::sim::record) are given is not evaluated, as outside a simulation. A director
/// that reads the trace panics.
///
/// # Errors
///
/// As [`run`](crate::sim::run).
pub fn run_untraced<D>(config: Config, director: D) -> Result<Untraced, String>
where
    D: Director + Send + 'static,
{
    run_on_a_thread(config, Tracing::Off, director).map(Untraced::from)
}
