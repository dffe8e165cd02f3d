//! Worker processes, from the parent's side: jobs out, results in, the dead replaced.

mod child;
mod patience;

use std::{
    iter::Iterator,
    ops::ControlFlow,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use chaosdrill_core::{Passage, Record, limits::RUN_WALL_MS_MAX};

pub(crate) use self::child::Child;
use crate::{interrupt, registry::Registry, run::Job};

/// How a job ended.
#[derive(Debug)]
pub(crate) enum JobEnd {
    /// With a record, perhaps of a worker that died over it.
    Recorded {
        /// The record.
        record: Box<Record>,
        /// The passages that were wanted.
        passages: Vec<Passage>,
        /// Files that could not be written.
        complaints: Vec<String>,
        /// Whether somebody else killed the worker: the record says nothing about the run.
        was_killed: bool,
    },
    /// The harness itself failed.
    Broken {
        /// How.
        why: String,
    },
}

/// How many worker processes, and how patient their parent is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workers {
    /// Processes at once.
    pub(crate) count: usize,
    /// Wall-clock allowance of one run.
    pub(crate) allowance: Duration,
    /// The program that works, where it is not this one.
    pub(crate) program: Option<&'static Path>,
}

impl Default for Workers {
    /// One for each core.
    fn default() -> Self {
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self { count, allowance: Duration::from_millis(RUN_WALL_MS_MAX), program: None }
    }
}

/// Runs jobs on `workers` processes at once. `done` hears of each in the order in which they end, with its place
/// among the jobs, and may break off; jobs that have begun by then still come to their end, and it hears of them.
pub(crate) fn run_all<B>(
    registry: &Registry,
    jobs: &[Job],
    workers: Workers,
    mut done: impl FnMut(usize, JobEnd) -> ControlFlow<B>,
) -> Option<B> {
    let count = workers.count.min(jobs.len()).max(1);
    let next = Mutex::new(0..jobs.len());
    let stop = AtomicBool::new(false);
    let (results, ended) = mpsc::channel();
    std::thread::scope(|scope| {
        for number in 0..count {
            let (results, next, stop) = (results.clone(), &next, &stop);
            scope.spawn(move || {
                let mut child = Child::new(number, workers);
                while !stop.load(Ordering::Relaxed) && !interrupt::was_asked_for() {
                    let Some(index) = next.lock().unwrap_or_else(PoisonError::into_inner).next()
                    else {
                        break;
                    };
                    let end = child.run(registry, &jobs[index]);
                    if results.send((index, end)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        let mut broken_off = None;
        for (index, end) in ended {
            if let ControlFlow::Break(value) = done(index, end) {
                stop.store(true, Ordering::Relaxed);
                broken_off.get_or_insert(value);
            }
        }
        broken_off
    })
}
