//! One run, from its job to its record.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use chaosdrill_core::{History, Plan, Record, RunId, Seed, TraceEvent, Verdict, record::Measured};
use chaosdrill_rt::sim::{self, Config, Finished};
use serde::{Deserialize, Serialize};

use crate::{campaign, director::ScenarioDirector, judge, measure::Stopwatch, registry::Registry};

/// What a worker is asked to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Which run.
    pub(crate) run: RunId,
    /// Its faults.
    pub(crate) plan: Plan,
    /// Where everything of the run is written if it is not valid.
    pub(crate) bundle: Option<PathBuf>,
    /// Where the trace is written in any case.
    pub(crate) trace: Option<PathBuf>,
}

/// What a worker did.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The run came to its end.
    Done {
        /// What is written down of it.
        record: Box<Record>,
        /// Files that could not be written; a failed report never changes a verdict.
        complaints: Vec<String>,
    },
    /// The harness itself failed.
    Broken {
        /// How.
        why: String,
    },
}

/// Runs the script of one scenario with one seed in this very process, without a worker around it: for benches.
///
/// # Errors
///
/// Where there is no such scenario, or the harness itself fails.
pub fn run_here(registry: &Registry, scenario: &str, seed: Seed) -> Result<Record, String> {
    let found = registry.scenario(scenario).ok_or_else(|| format!("no scenario {scenario}"))?;
    let run = campaign::script_run(found, seed, "sqlite", None);
    let job =
        Job { plan: campaign::plan_of(&run, found.script(seed)), run, bundle: None, trace: None };
    match try_run(registry, &job)? {
        Reply::Done { record, .. } => Ok(*record),
        Reply::Broken { why } => Err(why),
    }
}

/// Runs a job in this process.
pub(crate) fn run(registry: &Registry, job: &Job) -> Reply {
    match try_run(registry, job) {
        Ok(reply) => reply,
        Err(why) => Reply::Broken { why },
    }
}

fn try_run(registry: &Registry, job: &Job) -> Result<Reply, String> {
    let scenario = registry
        .scenario(&job.run.scenario)
        .ok_or_else(|| format!("this worker has no scenario {}", job.run.scenario))?;
    let topology = scenario.make_topology();
    let folder = database_folder();
    let config = Config {
        defect: job.run.defect.clone(),
        failpoints: registry.failpoints_of(scenario),
        watches: topology.watches,
        network: topology.network,
        database: topology.database,
        ..Config::new(job.plan.clone(), topology.hosts, folder.clone())
    };
    let stopwatch = Stopwatch::start();
    let finished = sim::run(config, ScenarioDirector::new(scenario));
    let wall_us = u64::try_from(stopwatch.elapsed().as_micros()).unwrap_or(u64::MAX);
    let finished = match finished {
        Ok(finished) => finished,
        Err(why) => {
            let _ = std::fs::remove_dir_all(&folder);
            return Err(why);
        }
    };
    let measured = Measured { wall_us, stderr: String::new() };
    let record = judge::judge(scenario, job.run.clone(), &finished, measured);
    let mut complaints = Vec::new();
    let mut note = |result: io::Result<()>, path: &Path| {
        if let Err(why) = result {
            complaints.push(format!("failed to write {}: {why}", path.display()));
        }
    };
    if let Some(path) = &job.trace {
        note(write_lines(path, finished.trace.events()), path);
    }
    if let Some(bundle) = &job.bundle
        && record.verdict != Verdict::Valid
    {
        note(write_bundle(bundle, &record, &job.plan, &finished, &folder), bundle);
    }
    if let Err(why) = std::fs::remove_dir_all(&folder) {
        complaints.push(format!("failed to remove {}: {why}", folder.display()));
    }
    Ok(Reply::Done { record: Box::new(record), complaints })
}

/// A folder for the databases of one run, in memory where the system has such a place.
fn database_folder() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    base.join(format!("chaosdrill-{}-{number}", std::process::id()))
}

/// Events as JSON Lines; the BLAKE3 hash of such a file of a whole trace is the digest.
pub(crate) fn write_lines(path: &Path, events: &[TraceEvent]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = io::BufWriter::new(std::fs::File::create(path)?);
    for event in events {
        serde_json::to_writer(&mut file, event)?;
        file.write_all(b"\n")?;
    }
    file.flush()
}

fn write_bundle(
    bundle: &Path,
    record: &Record,
    plan: &Plan,
    finished: &Finished,
    databases: &Path,
) -> io::Result<()> {
    std::fs::create_dir_all(bundle)?;
    let mut json = serde_json::to_string_pretty(record)?;
    json.push('\n');
    std::fs::write(bundle.join("record.json"), json)?;
    std::fs::write(bundle.join("plan.toml"), plan.to_toml())?;
    write_lines(&bundle.join("trace.jsonl"), finished.trace.events())?;
    write_lines(&bundle.join("history.jsonl"), History::of(finished.trace.events()).events())?;
    sim::keep_databases(databases, bundle)
}
