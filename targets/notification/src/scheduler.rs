//! The scheduler: each loop sweeps at its interval, one sweep at a time, until it is stopped. Running work then gets a
//! limited time to finish.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use chaosdrill_kit::chain;
use chaosdrill_rt::{
    defect, observe,
    task::{self, JoinHandle},
    time::{self, Duration, Instant},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::NotificationError;

/// Lower bound of a loop's interval, whatever is configured.
const EVERY_MIN: Duration = Duration::from_millis(1);

/// The interval and the timeout of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopConfig {
    /// The time between two ticks. The first tick is immediate.
    pub every: Duration,
    /// Maximum duration of one sweep.
    pub timeout: Duration,
}

/// Work was still running when the patience ended, and was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not everything was done within {0:?} of the shutdown")]
pub struct ShutdownTimeout(pub Duration);

/// The loops of one server.
#[derive(Debug)]
pub(crate) struct Scheduler {
    server: String,
    /// Cancelled by [`Scheduler::stop`], and when the scheduler is dropped.
    stop: CancellationToken,
    _stops: DropGuard,
    loops: Mutex<Vec<JoinHandle<()>>>,
    sweeps: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

/// One running sweep.
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    /// Its name: the name of the loop, and a number.
    pub(crate) name: String,
    deadline: Instant,
    stop: CancellationToken,
}

impl Sweep {
    /// Whether there is time to begin work that may take this long.
    pub(crate) fn has_time_for(&self, needed: Duration) -> bool {
        let lasts = defect!("N64", true, Instant::now() + needed <= self.deadline);
        lasts && !self.stop.is_cancelled()
    }
}

/// The work of a loop at each tick.
pub(crate) trait Work: Send + Sync + 'static {
    /// Runs one sweep.
    fn sweep(&self, sweep: Sweep) -> impl Future<Output = Result<(), NotificationError>> + Send;
}

impl Scheduler {
    pub(crate) fn new(server: String) -> Self {
        let stop = CancellationToken::new();
        let _stops = stop.clone().drop_guard();
        Self { server, stop, _stops, loops: Mutex::default(), sweeps: Arc::default() }
    }

    /// Starts a loop.
    pub(crate) fn start(&self, name: &'static str, config: LoopConfig, work: impl Work) {
        let looped = Loop {
            name,
            server: self.server.clone(),
            config,
            work: Arc::new(work),
            is_running: Arc::default(),
            numbers: AtomicU64::new(0),
            stop: self.stop.clone(),
            sweeps: self.sweeps.clone(),
        };
        lock(&self.loops).push(task::spawn(looped.run()));
    }

    /// Stops the loops: no new sweep begins, and running sweeps begin no new work.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until all work is done; aborts work that takes longer than `patience`.
    pub(crate) async fn wait_for_completion(
        &self,
        patience: Duration,
    ) -> Result<(), ShutdownTimeout> {
        let deadline = Instant::now() + defect!("N72", Duration::ZERO, patience);
        // A loop that has ended begins no sweep, so the list of sweeps is then complete.
        let loops = std::mem::take(&mut *lock(&self.loops));
        let mut is_complete = join_until(deadline, loops).await;
        let sweeps = std::mem::take(&mut *lock(&self.sweeps));
        is_complete &= join_until(deadline, sweeps).await;
        if is_complete { Ok(()) } else { Err(ShutdownTimeout(patience)) }
    }
}

/// Waits for tasks, and aborts those that miss the deadline. Returns whether all were done.
async fn join_until(deadline: Instant, tasks: Vec<JoinHandle<()>>) -> bool {
    let mut is_complete = true;
    for mut task in tasks {
        if time::timeout_at(deadline, &mut task).await.is_err() {
            is_complete = false;
            task.abort();
            // The task has stopped only once it has been dropped.
            let _ = task.await;
        }
    }
    is_complete
}

struct Loop<W> {
    name: &'static str,
    server: String,
    config: LoopConfig,
    work: Arc<W>,
    is_running: Arc<AtomicBool>,
    numbers: AtomicU64,
    stop: CancellationToken,
    sweeps: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl<W: Work> Loop<W> {
    async fn run(self) {
        let mut next = Instant::now();
        // The timeout of the wait for the stop is the next tick.
        while time::timeout_at(next, self.stop.cancelled()).await.is_err() {
            self.tick();
            // Skips the ticks that the host has slept through.
            while next <= Instant::now() {
                next += self.config.every.max(EVERY_MIN);
            }
        }
    }

    /// Begins a sweep, unless the previous one is still running.
    fn tick(&self) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("{}/{number}", self.name);
        let turn = defect!(
            "N15c",
            if number == 1 { Some(Turn(None)) } else { Turn::take(&self.is_running) },
            Turn::take(&self.is_running)
        );
        let Some(turn) = turn else {
            observe!("sweep.skipped", server = self.server, sweep = name);
            return;
        };
        let deadline = Instant::now() + self.config.timeout;
        let sweep = Sweep { name, deadline, stop: self.stop.clone() };
        let (looped, server, work) = (self.name, self.server.clone(), self.work.clone());
        let handle = task::spawn(async move {
            let shown = Shown::begin(&server, looped, &sweep.name);
            let swept = defect!(
                "N63",
                Ok(work.sweep(sweep.clone()).await),
                time::timeout_at(deadline, work.sweep(sweep.clone())).await
            );
            let error = match &swept {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(chain(error)),
                Err(elapsed) => Some(elapsed.to_string()),
            };
            drop(shown);
            if let Some(error) = error {
                observe!("sweep.failed", server = server, sweep = sweep.name, error = error);
                defect!("N15b", std::mem::forget(turn), drop(turn));
            }
        });
        let mut sweeps = lock(&self.sweeps);
        sweeps.retain(|sweep| !sweep.is_finished());
        defect!("N16", drop(handle), sweeps.push(handle));
    }
}

/// The right to sweep. It is released when the sweep ends, whether by itself, by an abort or by a panic.
#[derive(Debug)]
struct Turn(Option<Arc<AtomicBool>>);

impl Turn {
    fn take(is_running: &Arc<AtomicBool>) -> Option<Self> {
        let taken =
            is_running.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire).is_ok();
        let taken = defect!("N15", true, taken);
        taken.then(|| Self(Some(is_running.clone())))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(is_running) = &self.0 {
            is_running.store(false, Ordering::Release);
        }
    }
}

/// Reports the start of a sweep and, on drop, its end.
struct Shown {
    what: String,
    sweep: String,
}

impl Shown {
    fn begin(server: &str, looped: &str, sweep: &str) -> Self {
        let shown = Self { what: format!("{server}/{looped}"), sweep: sweep.to_owned() };
        observe!("sweep.begun", of = shown.what, sweep = shown.sweep);
        shown
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        observe!("sweep.ended", of = self.what, sweep = self.sweep);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Panics first, then hangs, then works.
    #[derive(Default)]
    struct Trouble {
        sweeps: Arc<AtomicUsize>,
        done: Arc<AtomicUsize>,
    }

    impl Work for Trouble {
        async fn sweep(&self, _: Sweep) -> Result<(), NotificationError> {
            match self.sweeps.fetch_add(1, Ordering::Relaxed) {
                0 => panic!("the first sweep"),
                1 => std::future::pending().await,
                _ => {
                    self.done.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                }
            }
        }
    }

    #[tokio::test]
    async fn after_a_panic_and_a_sweep_that_hangs_the_next_one_runs() {
        let work = Trouble::default();
        let (sweeps, done) = (work.sweeps.clone(), work.done.clone());
        let scheduler = Scheduler::new("s".into());
        let every = Duration::from_millis(5);
        scheduler.start("trouble", LoopConfig { every, timeout: Duration::from_millis(40) }, work);
        while done.load(Ordering::Relaxed) < 2 {
            time::sleep(every).await;
        }
        scheduler.stop();
        assert_eq!(scheduler.wait_for_completion(Duration::from_secs(5)).await, Ok(()));
        let swept = sweeps.load(Ordering::Relaxed);
        time::sleep(every * 4).await;
        assert_eq!(sweeps.load(Ordering::Relaxed), swept, "a sweep began after the end");
    }

    #[tokio::test]
    async fn what_takes_longer_than_the_patience_is_cut_off() {
        let work = Trouble { sweeps: Arc::new(AtomicUsize::new(1)), ..Trouble::default() };
        let scheduler = Scheduler::new("s".into());
        let hour = Duration::from_secs(3600);
        scheduler.start("trouble", LoopConfig { every: hour, timeout: hour }, work);
        time::sleep(Duration::from_millis(10)).await;
        scheduler.stop();
        let patience = Duration::from_millis(10);
        assert_eq!(scheduler.wait_for_completion(patience).await, Err(ShutdownTimeout(patience)));
    }
}
