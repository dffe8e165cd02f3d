//! Every bound of the harness, in one place, with its unit last.
//!
//! No limit is silent: a run that exceeds one ends as unknown and reports which.

use std::time::Duration;

/// Virtual time after which a run ends as unknown: 40 days, longer than any retry schedule we know.
pub const RUN_VIRTUAL_MAX: Duration = Duration::from_secs(40 * 24 * 3600);

/// Virtual time that a scenario's chaos may last before the faults are healed anyway.
pub const CHAOS_VIRTUAL_MAX: Duration = Duration::from_secs(10 * 60);

/// Virtual time after heal in which clients must end if the scenario has no liveness check of its own.
pub const CLIENTS_AFTER_HEAL_MAX: Duration = Duration::from_secs(5 * 60);

/// Virtual time that a run continues after its liveness checks hold, unless its scenario says otherwise.
pub const LINGER: Duration = Duration::from_secs(5);

/// Virtual time between two evaluations of the liveness checks of a run.
pub const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Simulator steps (ticks that were executed) after which a run ends as unknown.
pub const RUN_STEPS_MAX: u64 = 20_000_000;

/// Trace events after which a run ends as unknown; bounds the memory of a run.
pub const RUN_EVENTS_MAX: u64 = 2_000_000;

/// Polls of one host's tasks in one instant of virtual time after which the host counts as spinning.
pub const POLLS_PER_INSTANT_MAX: u64 = 50_000;

/// Wall-clock allowance of one run, in milliseconds; the parent kills a worker that exceeds it.
pub const RUN_WALL_MS_MAX: u64 = 30_000;

/// Maximum number of allowances for a run that is starved of CPU.
pub const RUN_ALLOWANCES_MAX: u32 = 10;

/// Progress checks of a run within one allowance.
pub const RUN_LOOKS_PER_ALLOWANCE: u32 = 8;

/// Runs after which a worker process is replaced by a fresh one; bounds the effect of leaks.
pub const RUNS_PER_WORKER_MAX: u64 = 2_000;

/// Stack of a simulation's thread, in bytes.
pub const SIMULATION_STACK_BYTES: usize = 8 << 20;

/// Bytes of a dead worker's standard error that are kept.
pub const WORKER_STDERR_BYTES_MAX: usize = 4 << 10;

/// Seeds of a run if none are given.
pub const SEEDS_DEFAULT: u64 = 10;

/// Seeds of a test if none are given; a run in a build without optimisation costs some five times as much.
pub const TEST_SEEDS_DEFAULT: u64 = 4;

/// Runs that `prove` spends on one defect before it counts as missed.
pub const PROVE_RUNS_MAX: u64 = 2_000;

/// Seeds of scripts and swarms that `prove` tries before it sweeps.
pub const PROVE_ROUNDS_BEFORE_SWEEP: u64 = 2;

/// Seeds of one script that `prove --by-script` runs with a planted bug; half of them must find it.
pub const PROVE_SCRIPT_SEEDS: u64 = 20;

/// Faults in the shrunk plan of a planted defect above which `prove` complains.
pub const PROVE_FAULTS_MAX: usize = 3;

/// Runs of single faults, over all sweeps, after which `prove` also tries hits that occurred only under them, and more
/// seeds.
pub const PROVE_SINGLES_BEFORE_FRESH: usize = 800;

/// Runs of a sweep that `prove` starts at once for one defect; some are wasted if an earlier one hits.
pub const PROVE_CHUNK_RUNS: usize = 64;

/// Address space of one worker process, in bytes.
pub const WORKER_ADDRESS_SPACE_BYTES_MAX: u64 = 8 << 30;

/// Rows that one watched query may return before the run ends as unknown.
pub const WATCH_ROWS_MAX: usize = 100_000;

/// Size of the largest object whose text a watch of object storage shows, in bytes.
pub const WATCH_OBJECT_BYTES_MAX: usize = 64 << 10;

/// Virtual time for which a statement is retried if the SQLite database is busy.
pub const BUSY_RETRY_MAX: Duration = Duration::from_secs(5);

/// Digits of the shortest commit hash that is looked up in git (git's default for short hashes).
pub const SHORT_HASH_DIGITS_MIN: usize = 7;

/// Number of prepared statements that a connection to SQLite keeps (sqlx's default).
pub const STATEMENTS_PREPARED_MAX: usize = 100;

/// Virtual time that a caller waits for a pooled connection (sqlx's default).
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// Similar names that an error message lists.
pub const NEAREST_NAMES_MAX: usize = 3;

/// Size of the largest plan file that is read, in bytes.
pub const PLAN_BYTES_MAX: usize = 1 << 20;

/// Faults in one plan.
pub const PLAN_FAULTS_MAX: usize = 10_000;

/// Preemptions in one plan.
pub const PLAN_PREEMPTIONS_MAX: usize = 10_000;

/// Mutations in one plan.
pub const PLAN_MUTATIONS_MAX: usize = 16;

/// The earliest start of a plan's wall clock, in milliseconds since 1970: 2000-01-01T00:00:00Z.
pub const PLAN_START_MS_MIN: i64 = 946_684_800_000;

/// The latest start of a plan's wall clock, in milliseconds since 1970: 2100-01-01T00:00:00Z.
pub const PLAN_START_MS_MAX: i64 = 4_102_444_800_000;

/// Boundaries that a countdown in a plan counts.
pub const COUNTDOWN_MAX: u32 = 1_000_000;

/// The last life of a host in which a plan can preempt a thread.
pub const PREEMPTION_LIFE_MAX: u32 = 1_000_000;

/// The last thread of a host's life that a plan can preempt.
pub const PREEMPTION_THREAD_MAX: u32 = 1_000_000;

/// The last call of a thread at which a plan can preempt it.
pub const PREEMPTION_CALL_MAX: u64 = 1_000_000_000_000;

/// Length of the change in a mutation, in bytes.
pub const MUTATION_CHANGE_BYTES_MAX: usize = 4 << 10;

/// How often the running task of a host may fall to the lowest priority in one run.
pub const PRIORITY_CHANGES_MAX: u32 = 100;

/// Scheduling steps among which those priority changes are drawn.
pub const PRIORITY_STEPS: u64 = 2_000;

/// Hits after a restart of a host that count as its recovery.
pub const RECOVERY_HITS: u32 = 40;

/// Faults at boundaries that a swarm draws for one run.
pub const SWARM_FAULTS_MAX: u64 = 6;

/// Faults of one family at an instant that a swarm draws for one run.
pub const SWARM_TIMED_MAX: u64 = 2;

/// Shortest average gap between two faults of a swarm, in hits.
pub const SWARM_GAP_MIN: u64 = 4;
/// Longest average gap between two faults of a swarm, in hits.
pub const SWARM_GAP_MAX: u64 = 256;

/// Virtual time within which the timed faults of a swarm begin.
pub const SWARM_STARTS_MAX: Duration = Duration::from_secs(60);

/// Longest virtual time that a fault of a swarm lasts.
pub const SWARM_LASTS_MAX: Duration = Duration::from_secs(60);

/// Priority changes that a swarm draws for one run.
pub const SWARM_CHANGES_MAX: u64 = 4;

/// Virtual time for which sweeps and swarms stall a host, unless the scenario says otherwise: past a lease, and until
/// the other hosts are done.
pub const STALLS: [Duration; 2] = [Duration::from_secs(90), Duration::from_secs(600)];

/// Virtual time after which a sweep restarts a crashed host: sooner than leases end.
pub const SWEEP_RESTART: Duration = Duration::from_secs(1);

/// Virtual time by which a sweep delays one step while the rest of its host continues.
pub const SWEEP_DELAY: Duration = Duration::from_secs(1);

/// Virtual time by which a sweep delays one step so long that its caller gives up.
pub const SWEEP_LONG_DELAY: Duration = Duration::from_secs(90);

/// Virtual time at which a sweep skews a clock.
pub const SWEEP_SKEW_AT: Duration = Duration::from_millis(1);

/// Virtual time for which a sweep skews a clock: until the faults heal.
pub const SWEEP_SKEW_LASTS: Duration = Duration::from_secs(3_600);

/// Single faults per scenario in a campaign that does not ask for a sweep by name.
pub const SWEEP_POINTS_DEFAULT: usize = 60;

/// Single faults per scenario at boundaries that are reached only under faults.
pub const SWEEP_FRESH_MAX: usize = 200;

/// Plans that `cross` runs on both simulators before it reports their results.
pub const CROSS_BATCH_PLANS: usize = 512;

/// Pairs of faults per scenario.
pub const SWEEP_PAIRS_MAX: usize = 100;

/// Bytes at the beginning of a file that show whether chaosdrill wrote it.
pub const FILE_HEAD_BYTES_MAX: u64 = 64 << 10;

/// Runs that are spent on shrinking one plan.
pub const SHRINK_RUNS_MAX: u64 = 300;

/// Candidate plans that run at once while a plan is shrunk.
pub const SHRINK_BATCH_MAX: usize = 16;

/// Violations per problem and scenario that are replayed and shrunk; the others are counted.
pub const TRIAGED_MAX: usize = 2;

/// Problems per check and scenario whose violations are replayed and shrunk.
pub const TRIAGED_PROBLEMS_MAX: usize = 8;

/// Violations that are replayed at once, before they are recorded.
pub const REPLAY_BATCH: usize = 64;

/// How often a replay or a shrink attempt is started if its worker is killed from outside.
pub const KILLED_ASIDE_MAX: u32 = 3;

/// Lines of a campaign that are reported as unreadable one by one.
pub const CAMPAIGN_COMPLAINTS_MAX: usize = 20;

/// Bytes that are read at once from a file of records.
pub const RECORD_READ_BYTES: usize = 32 << 10;

/// Files of parts that `merge` keeps open; those of further parts are opened for each record.
pub const SOURCES_OPEN_MAX: usize = 256;

/// Records that could not be written and are kept in memory for the reports.
pub const UNWRITTEN_MAX: usize = 1_000;

/// Failures of the harness whose text is kept; the others are counted.
pub const BROKEN_SHOWN_MAX: usize = 20;

/// Findings with one verdict. The runs of further findings are counted, and a note says so.
pub const FINDINGS_MAX: usize = 5_000;

/// Findings whose run is shown with its record: as many as the list on a page has rows.
pub const FINDINGS_SHOWN_MAX: usize = 200;

/// Disagreements that the terminal shows; the others are in the folder.
pub const BLOCKS_SHOWN_MAX: usize = 5;

/// Lines of a run's story on the terminal.
pub const CROSS_STORY_LINES_MAX: usize = 12;

/// Findings whose story is read for the report of a campaign.
pub const BUNDLE_STORIES_MAX: usize = 60;

/// Runs that get a report of their own.
pub const BUNDLE_PAGES_MAX: usize = 1_000;

/// Bytes of a trace that are read.
pub const BUNDLE_TRACE_BYTES_MAX: u64 = 64 << 20;

/// Lines of one file that are reported as unreadable one by one.
pub const BUNDLE_COMPLAINTS_MAX: usize = 3;

/// Runs before the time that is left is estimated.
pub const ESTIMATE_RUNS_MIN: u64 = 20;

/// Parts into which progress lines divide the seeds of a campaign if there is no terminal.
pub const PROGRESS_LINES_OF_SEEDS: u64 = 5;

/// Parts into which progress lines divide a stage of the sweeps if there is no terminal.
pub const PROGRESS_LINES_OF_STAGE: u64 = 3;

/// Runs of a search between two progress lines if there is no terminal.
pub const SEARCH_RUNS_PER_LINE: u64 = 1_000;

/// Longer than madsim advances time from one poll to the next, including some polls of its own in between.
pub const MADSIM_POLL_NS_MAX: u64 = 1_000;

/// Connections that wait to be accepted, and segments that wait to be read. turmoil panics at one more, and a host that
/// stalls while others retry accumulates many.
pub const TURMOIL_BACKLOG_MAX: usize = 1 << 16;

/// Length of the shortest sequence of hexadecimal digits that counts as an id.
pub const HEX_ID_CHARS_MIN: usize = 12;

/// Bytes that are read from a stream at once.
pub const STREAM_CHUNK_BYTES: usize = 8 << 10;
