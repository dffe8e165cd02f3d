//! The worker: on each beat, it rescues stuck jobs, creates the jobs of the period, and executes waiting jobs.

use std::{future::Future, pin::Pin, sync::Arc};

use chaosdrill_kit::{Program, chain};
use chaosdrill_rt::{
    defect, fail_point, observe, task,
    time::{self, Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    BoxError,
    dispatch::Dispatcher,
    error::PipelineError,
    jobs::{JOB_TIMEOUT, Job, Jobs, Periodic, rescue_after},
    reconciler::Reconciler,
    release::Release,
    runner::Runner,
    schedule,
    scrub::scrub,
    settle::Settler,
    sql, start,
    stop::{Shutdown, Stop, until},
    store::Store,
};

const RUNNER: &str = "propagation_runner";
const RECONCILER: &str = "entitlement_reconciler";

/// The configuration of a worker.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Its name in claims; a restart keeps it.
    pub worker: String,
    /// The database of teams, propagations and jobs.
    pub database_url: String,
    /// The address of the provisioner, such as `provisioner:80`.
    pub provisioner: String,
    /// The release that the worker is of.
    pub release: Release,
    /// How often the runner looks for rows.
    pub tick: Duration,
    /// How often the reconciler looks for drift.
    pub reconcile: Duration,
    /// Maximum number of resources that the reconciler asks for per round.
    pub reconcile_batch: u32,
    /// Maximum number of rows per batch.
    pub batch: u32,
    /// How long rows are leased; a dispatch ends before that.
    pub lease: Duration,
    /// A row is given up after this many failed dispatches.
    pub attempts_max: i64,
    /// Maximum number of concurrent jobs.
    pub slots: u32,
    /// How long a shutdown waits for running jobs before it cancels them.
    pub grace: Duration,
}

impl WorkerConfig {
    /// The defaults: a tick of 30 s, 50 rows at once, leases of 5 min, ten attempts, two jobs at once.
    pub fn new(
        worker: impl Into<String>,
        database_url: impl Into<String>,
        provisioner: impl Into<String>,
    ) -> Self {
        Self {
            worker: worker.into(),
            database_url: database_url.into(),
            provisioner: provisioner.into(),
            release: Release::default(),
            tick: Duration::from_secs(30),
            reconcile: Duration::from_secs(5 * 60),
            reconcile_batch: 200,
            batch: 50,
            lease: Duration::from_secs(5 * 60),
            attempts_max: schedule::ATTEMPTS_MAX,
            slots: 2,
            grace: Duration::from_secs(30),
        }
    }
}

/// Runs a worker forever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_worker(config: WorkerConfig) -> Program<'static> {
    run_worker_until(config, std::future::pending())
}

/// Runs a worker until `shutdown` is ready, then completes the running jobs.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_worker_until<'a>(
    config: WorkerConfig,
    shutdown: impl Future<Output = ()> + Send + 'a,
) -> Program<'a> {
    run(config, Box::pin(shutdown))
}

fn run<'a>(
    config: WorkerConfig,
    shutdown: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
) -> Program<'a> {
    Box::pin(worker(config, shutdown))
}

async fn worker(config: WorkerConfig, shutdown: impl Future<Output = ()>) -> Result<(), BoxError> {
    let pool = start::open(&config.database_url, config.release).await?;
    let sql = sql::of(&pool)?;
    let jobs = Jobs { pool: pool.clone(), sql, worker: config.worker.clone() };
    let store = Store {
        pool: pool.clone(),
        sql,
        worker: config.worker.clone(),
        lease: config.lease,
        batch: config.batch,
    };
    let (release, attempts_max) = (config.release, config.attempts_max);
    let settler = Settler { store: store.clone(), release, attempts_max };
    let declared = start::declared(&pool, sql, release).await;
    let dispatcher = Dispatcher { pool, sql, provisioner: config.provisioner.clone() };
    let runner = Runner { store, release, settler, dispatcher: dispatcher.clone() };
    let reconciler = Reconciler {
        dispatcher,
        batch: config.reconcile_batch,
        #[cfg(feature = "defects")]
        has_failed: Arc::default(),
    };
    let worker = Worker { jobs, runner, reconciler };
    observe!(
        "worker.started",
        declared = declared,
        handled = release.handled(),
        job_timeout_s = JOB_TIMEOUT.as_secs(),
        rescue_after_s = defect!("P66", JOB_TIMEOUT, rescue_after()).as_secs(),
        until_dead_letter_s = schedule::until_dead_letter().as_secs()
    );
    Arc::new(worker).run(&config, shutdown).await;
    Ok(())
}

struct Worker {
    jobs: Jobs,
    runner: Runner,
    reconciler: Reconciler,
}

impl Worker {
    async fn run(self: Arc<Self>, config: &WorkerConfig, shutdown: impl Future<Output = ()>) {
        let slots = Arc::new(Semaphore::new(config.slots as usize));
        let told = Shutdown::default();
        until(shutdown, self.beats(config, &slots, &told)).await;
        told.stopping.cancel();
        observe!("worker.stopping");
        let all_are_free = || slots.acquire_many(config.slots);
        if time::timeout(config.grace, all_are_free()).await.is_err() {
            told.cancelled.cancel();
            observe!("worker.cancelled");
            // Cancelled work still releases its rows.
            let _ = time::timeout(config.grace * 2, all_are_free()).await;
        }
    }

    /// Runs a beat per tick, forever.
    async fn beats(
        self: &Arc<Self>,
        config: &WorkerConfig,
        slots: &Arc<Semaphore>,
        told: &Shutdown,
    ) {
        let mut periodic = [
            Periodic { kind: RUNNER, every: config.tick, made: None },
            Periodic { kind: RECONCILER, every: config.reconcile, made: None },
        ];
        let mut next = Instant::now();
        loop {
            if let Err(error) = self.beat(&mut periodic, slots, told).await {
                observe!("worker.beat_failed", error = chain(&error));
            }
            // Missed beats are skipped.
            next = (next + config.tick).max(Instant::now());
            time::sleep_until(next).await;
        }
    }

    async fn beat(
        self: &Arc<Self>,
        periodic: &mut [Periodic],
        slots: &Arc<Semaphore>,
        told: &Shutdown,
    ) -> Result<(), PipelineError> {
        let moment = self.jobs.moment().await?;
        defect!("P40", (), self.jobs.rescue(moment).await?);
        for periodic in periodic {
            self.jobs.enqueue(moment, periodic).await?;
        }
        let mut free: Vec<_> =
            std::iter::from_fn(|| slots.clone().try_acquire_owned().ok()).collect();
        if free.is_empty() {
            return Ok(());
        }
        for (job, slot) in
            self.jobs.claim(moment, free.len()).await?.into_iter().zip(free.drain(..))
        {
            let stop = Stop::new(told.clone(), job.deadline());
            task::spawn(self.clone().execute(job, stop, slot));
        }
        Ok(())
    }

    async fn execute(self: Arc<Self>, job: Job, stop: Stop, slot: OwnedSemaphorePermit) {
        observe!("job.begun", job = job.id, attempt = job.attempt);
        let done = self.work(&job, &stop).await;
        let error = done.err().map(|error| scrub(&chain(&error)));
        observe!("job.ended", job = job.id, attempt = job.attempt, error = error);
        if let Err(error) = self.jobs.finish(&job, error).await {
            // The job stays in its state, and is rescued.
            observe!("job.finish_failed", job = job.id, error = chain(&error));
        }
        drop(slot);
    }

    async fn work(&self, job: &Job, stop: &Stop) -> Result<(), PipelineError> {
        fail_point!(crate::failpoints::AFTER_CLAIM)?;
        if job.kind == RECONCILER {
            defect!("P41", (), self.jobs.clean(job.claimed).await?);
            defect!("P38", return Ok(()), ());
            defect!("P51", return self.reconciler.wrong_round(job.claimed, stop).await, ());
            return self.reconciler.round(job.claimed, stop).await;
        }
        defect!("P39", return Ok(()), ());
        // The job, its attempt and the worker identify the holder of rows.
        let claim = format!("{}/{}/{}", job.id, job.attempt, self.jobs.worker);
        let tick = self.runner.tick(claim, job.claimed.now_ms, stop);
        // Only the dispatch is cancelled, from within: the runner goes on, and releases its rows.
        defect!("P26", until(stop.cancelled(), tick).await.unwrap_or(Ok(())), tick.await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_tells_the_limits() {
        let readme = include_str!("../README.md");
        let config = WorkerConfig::new("w1", "sqlite://x.db", "provisioner:80");
        let minutes = |time: Duration| time.as_secs() / 60;
        let (batch, lease) = (config.batch, minutes(config.lease));
        let (round, of) = (minutes(config.reconcile), config.reconcile_batch);
        for line in [
            format!("| batch, lease, time for one dispatch | {batch} rows, {lease} min,"),
            format!("| reconciler | {round} min, {of} resources,"),
        ] {
            assert!(readme.contains(&line), "the README should say: {line}");
        }
    }
}
