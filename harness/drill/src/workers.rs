//! Worker processes, from the parent's side: sends jobs, receives results, replaces dead workers.

mod child;
mod patience;

use std::{
    ops::ControlFlow,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use chaosdrill_core::{HitClass, Profile, Record, limits::RUN_WALL_MS_MAX};

pub(crate) use self::child::Child;
use crate::{interrupt, job::Job, registry::Registry};

/// The result of a job.
#[derive(Debug)]
pub(crate) enum JobEnd {
    /// A record, possibly of a run whose worker died.
    Recorded {
        /// The record.
        record: Box<Record>,
        /// The wanted hits.
        hit_classes: Vec<HitClass>,
        /// Files that could not be written.
        complaints: Vec<String>,
        /// What the run cost, if the job asked for it.
        profile: Option<Profile>,
        /// Whether the worker was killed from outside: then the record says nothing about the run.
        was_killed: bool,
    },
    /// The harness itself failed.
    Broken {
        /// The reason.
        why: String,
    },
}

/// The number of worker processes, and their time limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workers {
    /// Number of parallel processes.
    pub(crate) count: usize,
    /// Wall-clock allowance of one run.
    pub(crate) allowance: Duration,
    /// The worker program, if it is not this one.
    pub(crate) program: Option<&'static Path>,
}

impl Default for Workers {
    /// One worker for each core.
    fn default() -> Self {
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self { count, allowance: Duration::from_millis(RUN_WALL_MS_MAX), program: None }
    }
}

/// The source of the workers' jobs, and the receiver of the results. All calls happen on the caller's thread.
pub(crate) trait Queue {
    /// The next job, with a number that the caller chooses; `None` if there is none left.
    fn next(&mut self) -> Option<(usize, Job)>;
    /// A job has ended. After a break no more jobs start; running jobs still come to their end.
    fn ended(&mut self, number: usize, job: Job, end: JobEnd) -> ControlFlow<()>;
}

/// Why workers stopped before their jobs were done, apart from decisions of the queue.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// Worker processes that could not be started, each with the reason.
    pub(crate) workers: Vec<String>,
    /// Whether no worker was left for the remaining jobs.
    pub(crate) all_workers: bool,
}

/// A message from a worker's thread to the caller's.
enum Said {
    Ended(usize, Job, JobEnd),
    /// The job is returned, because no more jobs are to start.
    NotBegun,
    /// The worker process could not be started; another worker takes the job.
    Lost(usize, Job, String),
}

/// Runs the jobs of a queue on `workers.count` parallel processes. A job is drawn only when a worker is about to need
/// it. If a worker process cannot be started, the others do its jobs.
pub(crate) fn run_queue(registry: &Registry, workers: Workers, queue: &mut dyn Queue) -> Losses {
    let stop = AtomicBool::new(false);
    let (say, said) = mpsc::channel();
    let (give, take) = mpsc::channel();
    let take = Mutex::new(take);
    std::thread::scope(|scope| {
        for number in 0..workers.count.max(1) {
            let (say, take, stop) = (say.clone(), &take, &stop);
            scope.spawn(move || work(registry, Child::new(number, workers), take, stop, &say));
        }
        // Ends all workers, even if this thread panics.
        let give = give;
        oversee(&give, &said, workers.count.max(1), &stop, queue)
    })
}

/// The thread of one worker.
fn work(
    registry: &Registry,
    mut child: Child,
    take: &Mutex<mpsc::Receiver<(usize, Job)>>,
    stop: &AtomicBool,
    say: &mpsc::Sender<Said>,
) {
    loop {
        let next = take.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((index, job)) = next else { break };
        let said = if stop.load(Ordering::Relaxed) || interrupt::was_asked_for() {
            Said::NotBegun
        } else {
            match child.run(registry, &job) {
                Ok(end) => Said::Ended(index, job, end),
                Err(why) => Said::Lost(index, job, why.to_string()),
            }
        };
        let is_lost = matches!(said, Said::Lost(..));
        if say.send(said).is_err() || is_lost {
            break;
        }
    }
}

/// Distributes jobs and receives their results. A second job is queued for each worker, so that none is idle.
fn oversee(
    give: &mpsc::Sender<(usize, Job)>,
    said: &mpsc::Receiver<Said>,
    workers: usize,
    stop: &AtomicBool,
    queue: &mut dyn Queue,
) -> Losses {
    let mut losses = Losses::default();
    let mut returned: Vec<(usize, Job)> = Vec::new();
    let mut given = 0;
    loop {
        let alive = workers - losses.workers.len();
        let is_over = || stop.load(Ordering::Relaxed) || interrupt::was_asked_for();
        while given < 2 * alive && !is_over() {
            let Some(next) = returned.pop().or_else(|| queue.next()) else { break };
            if give.send(next).is_err() {
                break;
            }
            given += 1;
        }
        if given == 0 || alive == 0 {
            losses.all_workers = alive == 0;
            return losses;
        }
        let Ok(heard) = said.recv() else { return losses };
        given -= 1;
        match heard {
            Said::NotBegun => {}
            Said::Lost(index, job, why) => {
                losses.workers.push(why);
                returned.push((index, job));
            }
            Said::Ended(index, job, end) => {
                if queue.ended(index, job, end).is_break() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Runs these jobs, numbered in order. `done` receives each result in the order in which the runs end; after a break no
/// more jobs start. If no worker process can be started, the reason is returned.
pub(crate) fn run_all(
    registry: &Registry,
    jobs: impl IntoIterator<Item = Job>,
    workers: Workers,
    done: impl FnMut(usize, JobEnd) -> ControlFlow<()>,
) -> Result<(), WorkerLost> {
    struct List<I, D>(I, D);
    impl<I, D> Queue for List<I, D>
    where
        I: Iterator<Item = (usize, Job)>,
        D: FnMut(usize, JobEnd) -> ControlFlow<()>,
    {
        fn next(&mut self) -> Option<(usize, Job)> {
            self.0.next()
        }

        fn ended(&mut self, number: usize, _: Job, end: JobEnd) -> ControlFlow<()> {
            (self.1)(number, end)
        }
    }
    let losses = run_queue(registry, workers, &mut List(jobs.into_iter().enumerate(), done));
    match losses.workers.into_iter().next_back() {
        Some(why) if losses.all_workers => Err(WorkerLost(why)),
        _ => Ok(()),
    }
}

/// No worker process could be started.
#[derive(Debug, thiserror::Error)]
#[error("failed to start a worker process: {0}")]
pub(crate) struct WorkerLost(pub(crate) String);
