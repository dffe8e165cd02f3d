//! Every bound of the harness, in one place, with its unit last.
//!
//! No limit is silent: a run that meets one ends as unknown and names the constant's meaning.

use std::time::Duration;

/// Virtual time after which a run ends as unknown (40 days: longer than any retry schedule known to us).
pub const RUN_VIRTUAL_MAX: Duration = Duration::from_secs(40 * 24 * 3600);

/// Virtual time a scenario's chaos may last before the faults are healed anyway.
pub const CHAOS_VIRTUAL_MAX: Duration = Duration::from_secs(10 * 60);

/// Virtual time after heal in which clients must end where a scenario has no liveness check of its own.
pub const CLIENTS_AFTER_HEAL_MAX: Duration = Duration::from_secs(5 * 60);

/// Virtual time a run goes on after everything is as it should be, unless its scenario says otherwise.
pub const LINGER: Duration = Duration::from_secs(5);

/// Virtual time between two looks at the liveness checks of a run.
pub const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Simulator steps (ticks that were really executed) after which a run ends as unknown.
pub const RUN_STEPS_MAX: u64 = 20_000_000;

/// Trace events after which a run ends as unknown; bounds the memory of a run.
pub const RUN_EVENTS_MAX: u64 = 2_000_000;

/// Polls of one host's tasks in one instant of virtual time after which the host counts as spinning.
pub const POLLS_PER_INSTANT_MAX: u64 = 50_000;

/// Wall-clock allowance of one run, in milliseconds; the parent kills the worker after it.
pub const RUN_WALL_MS_MAX: u64 = 30_000;

/// Runs after which a worker process is replaced by a fresh one; bounds what a leak can add up to.
pub const RUNS_PER_WORKER_MAX: u64 = 2_000;

/// What is kept of a dead worker's standard error, in bytes.
pub const WORKER_STDERR_BYTES_MAX: usize = 4 << 10;

/// Seeds of a run, or of a test, unless it says otherwise.
pub const SEEDS_DEFAULT: u64 = 10;

/// Runs that `prove` spends on one defect before it counts as missed.
pub const PROVE_RUNS_MAX: u64 = 2_000;

/// Address space of one worker process, in bytes.
pub const WORKER_ADDRESS_SPACE_BYTES_MAX: u64 = 8 << 30;

/// Rows one watched query may return before the run ends as unknown.
pub const WATCH_ROWS_MAX: usize = 100_000;

/// How long a statement that meets a busy SQLite database is retried, in virtual time.
pub const BUSY_RETRY_MAX: Duration = Duration::from_secs(5);

/// How long a caller waits for a pooled connection, in virtual time (sqlx's own default).
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// How many near misses an error message names.
pub const NEAREST_NAMES_MAX: usize = 3;

/// Largest plan file that is read, in bytes.
pub const PLAN_BYTES_MAX: usize = 1 << 20;

/// Faults one plan may hold.
pub const PLAN_FAULTS_MAX: usize = 10_000;

/// Times at which the running task of a host may fall to the lowest priority, in one run.
pub const PRIORITY_CHANGES_MAX: u32 = 100;

/// Turns of tasks among which those times are drawn.
pub const PRIORITY_STEPS: u64 = 2_000;
