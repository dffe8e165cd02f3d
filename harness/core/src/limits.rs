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

/// Allowances that a run gets at most where the machine has no processor for it.
pub const RUN_ALLOWANCES_MAX: u32 = 10;

/// Looks at a run in the length of one allowance.
pub const RUN_LOOKS_PER_ALLOWANCE: u32 = 8;

/// Runs after which a worker process is replaced by a fresh one; bounds what a leak can add up to.
pub const RUNS_PER_WORKER_MAX: u64 = 2_000;

/// The stack of a simulation's thread, in bytes.
pub const SIMULATION_STACK_BYTES: usize = 8 << 20;

/// What is kept of a dead worker's standard error, in bytes.
pub const WORKER_STDERR_BYTES_MAX: usize = 4 << 10;

/// Seeds of a run, unless it says otherwise.
pub const SEEDS_DEFAULT: u64 = 10;

/// Seeds of a test, unless it says otherwise; a run in a build without optimisation costs some five times as much.
pub const TEST_SEEDS_DEFAULT: u64 = 4;

/// Runs that `prove` spends on one defect before it counts as missed.
pub const PROVE_RUNS_MAX: u64 = 2_000;

/// Seeds of scripts and swarms that `prove` tries before it sweeps.
pub const PROVE_ROUNDS_BEFORE_SWEEP: u64 = 2;

/// Faults that the smallest plan of a planted defect has at most before `prove` complains of it.
pub const PROVE_FAULTS_MAX: usize = 3;

/// Runs of single faults of all sweeps together after which `prove` looks at what was only met under them, and at more
/// seeds.
pub const PROVE_SINGLES_BEFORE_FRESH: usize = 800;

/// Runs of a sweep that `prove` begins at once for one defect; some of them are run in vain where an earlier one hits.
pub const PROVE_CHUNK_RUNS: usize = 64;

/// Address space of one worker process, in bytes.
pub const WORKER_ADDRESS_SPACE_BYTES_MAX: u64 = 8 << 30;

/// Rows one watched query may return before the run ends as unknown.
pub const WATCH_ROWS_MAX: usize = 100_000;

/// Largest object whose text a watch of object storage shows, in bytes.
pub const WATCH_OBJECT_BYTES_MAX: usize = 64 << 10;

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

/// Preemptions one plan may hold.
pub const PLAN_PREEMPTIONS_MAX: usize = 10_000;

/// Mutations one plan may hold.
pub const PLAN_MUTATIONS_MAX: usize = 16;

/// The earliest start of a plan's wall clock, in milliseconds since 1970: 2000-01-01T00:00:00Z.
pub const PLAN_START_MS_MIN: i64 = 946_684_800_000;

/// The latest start of a plan's wall clock, in milliseconds since 1970: 2100-01-01T00:00:00Z.
pub const PLAN_START_MS_MAX: i64 = 4_102_444_800_000;

/// Boundaries that a countdown of a plan counts.
pub const COUNTDOWN_MAX: u32 = 1_000_000;

/// The last life of a host in which a plan preempts a thread.
pub const PREEMPTION_LIFE_MAX: u32 = 1_000_000;

/// The last thread of a host's life that a plan preempts.
pub const PREEMPTION_THREAD_MAX: u32 = 1_000_000;

/// The last call of a thread at which a plan preempts it.
pub const PREEMPTION_CALL_MAX: u64 = 1_000_000_000_000;

/// Length of the change that a mutation names, in bytes.
pub const MUTATION_CHANGE_BYTES_MAX: usize = 4 << 10;

/// Times at which the running task of a host may fall to the lowest priority, in one run.
pub const PRIORITY_CHANGES_MAX: u32 = 100;

/// Turns of tasks among which those times are drawn.
pub const PRIORITY_STEPS: u64 = 2_000;

/// HitClasses after a host came back that count as its recovery.
pub const RECOVERY_HITS: u32 = 40;

/// Faults at boundaries that a swarm draws for one run.
pub const SWARM_FAULTS_MAX: u64 = 6;

/// Faults of one family at an instant that a swarm draws for one run.
pub const SWARM_TIMED_MAX: u64 = 2;

/// HitClasses between two faults of a swarm, on the average of a run: at least, and at most.
pub const SWARM_GAP_MIN: u64 = 4;
/// See [`SWARM_GAP_MIN`].
pub const SWARM_GAP_MAX: u64 = 256;

/// Virtual time in which the faults of a swarm at an instant begin.
pub const SWARM_STARTS_MAX: Duration = Duration::from_secs(60);

/// Virtual time that a fault of a swarm lasts.
pub const SWARM_LASTS_MAX: Duration = Duration::from_secs(60);

/// Changes of priority that a swarm draws for one run.
pub const SWARM_CHANGES_MAX: u64 = 4;

/// How long, in virtual time, hosts stand still in sweeps and swarms unless a scenario says otherwise: past a lease,
/// and until the others are done.
pub const STALLS: [Duration; 2] = [Duration::from_secs(90), Duration::from_secs(600)];

/// Virtual time after which a sweep lets a crashed host come back: sooner than leases end.
pub const SWEEP_RESTART: Duration = Duration::from_secs(1);

/// Virtual time by which a sweep delays one step, while the rest of its host goes on.
pub const SWEEP_DELAY: Duration = Duration::from_secs(1);

/// Virtual time by which a sweep delays one step so that whoever waits for it gives up.
pub const SWEEP_LONG_DELAY: Duration = Duration::from_secs(90);

/// Virtual time at which a sweep sets a clock wrong.
pub const SWEEP_SKEW_AT: Duration = Duration::from_millis(1);

/// How long, in virtual time, a sweep leaves a clock wrong: until the chaos is over.
pub const SWEEP_SKEW_LASTS: Duration = Duration::from_secs(3_600);

/// Single faults of one scenario that a campaign sweeps unless it was asked for a sweep by name.
pub const SWEEP_POINTS_DEFAULT: usize = 60;

/// Single faults of one scenario at boundaries that are met only under faults.
pub const SWEEP_FRESH_MAX: usize = 200;

/// Plans that are crossed on both simulators before what they showed is told.
pub const CROSS_BATCH_PLANS: usize = 512;

/// Pairs of faults of one scenario.
pub const SWEEP_PAIRS_MAX: usize = 100;

/// Bytes at the beginning of a file that say whether chaosdrill wrote it.
pub const FILE_HEAD_BYTES_MAX: u64 = 64 << 10;

/// Runs that are spent on making one plan smaller.
pub const SHRINK_RUNS_MAX: u64 = 300;

/// Plans that are tried at once while a plan is made smaller.
pub const SHRINK_BATCH_MAX: usize = 16;

/// Violations of one check in one scenario that are run again and made smaller; the others are counted.
pub const TRIAGED_MAX: usize = 2;

/// Violations that are run again at once, before they are written down.
pub const REPLAY_BATCH: usize = 64;

/// How often the replay of a violation, or a try to make it smaller, is begun where somebody kills its worker.
pub const KILLED_ASIDE_MAX: u32 = 3;

/// Lines of a campaign that are complained of one by one.
pub const CAMPAIGN_COMPLAINTS_MAX: usize = 20;

/// How many disagreements the terminal shows; the others are in the folder.
pub const BLOCKS_SHOWN_MAX: usize = 5;

/// Lines of a run's story on the terminal.
pub const CROSS_STORY_LINES_MAX: usize = 12;

/// Findings whose story is read for the page of a campaign.
pub const BUNDLE_STORIES_MAX: usize = 60;

/// Runs that get a page of their own.
pub const BUNDLE_PAGES_MAX: usize = 1_000;

/// Bytes of a trace that are read.
pub const BUNDLE_TRACE_BYTES_MAX: u64 = 64 << 20;

/// Lines of one file that are complained of one by one.
pub const BUNDLE_COMPLAINTS_MAX: usize = 3;

/// Runs of a search after which a line says that it lives, where there is no terminal.
pub const SEARCH_RUNS_PER_LINE: u64 = 1_000;

/// Longer than madsim lets time go on from one poll to the next, with some polls of its own between.
pub const MADSIM_POLL_NS_MAX: u64 = 1_000;

/// Connections that may wait to be accepted, and segments to be read. turmoil panics at one more, and a host that
/// stalls while others try again and again owes many.
pub const TURMOIL_BACKLOG_MAX: usize = 1 << 16;

/// Hexadecimal digits in a row from which on they are an id.
pub const HEX_ID_CHARS_MIN: usize = 12;

/// Bytes that are taken off a stream at once.
pub const STREAM_CHUNK_BYTES: usize = 8 << 10;
