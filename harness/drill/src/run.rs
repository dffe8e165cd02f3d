//! Executes one run: takes a job and returns its record.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use chaosdrill_core::{
    History, HitClass, Origin, Outcome, Plan, Profile, Record, Seed, Swarm, TraceEvent, Verdict,
    record::Measured, run::Finished,
};

use crate::{
    director::ScenarioDirector,
    job::{Job, Reply, Wanted},
    judge,
    measure::Stopwatch,
    nemesis::{self, Settings},
    ours::{self, Place},
    registry::Registry,
    scenario::Scenario,
    scratch,
    simulation::{self, Leftovers, Simulation},
};

/// Runs the script of one scenario with one seed in this process, without a worker, for benchmarks.
///
/// # Errors
///
/// If the scenario does not exist, or the harness itself fails.
pub fn run_here(
    registry: &Registry,
    scenario: &str,
    seed: Seed,
    defect: Option<&str>,
) -> Result<Record, String> {
    let found = registry.scenario(scenario).ok_or_else(|| format!("no scenario {scenario}"))?;
    let defect = defect.map(str::to_owned);
    let run = Settings { defect, ..Settings::default() }.run_id(found, Origin::Script, seed);
    let plan = nemesis::plan_of(&run, found.script(seed));
    match try_run(registry, &Job::new(run, plan))? {
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
    if job.run.simulator != simulation::SIMULATOR {
        let (own, wanted) = (simulation::SIMULATOR, &job.run.simulator);
        return Err(format!("this worker was built on {own} and cannot run a plan for {wanted}"));
    }
    simulation::can_run(&job.plan)?;
    let folder = scratch::folder().map_err(|why| why.to_string())?;
    let begin = {
        let failpoints = registry.failpoints_of(scenario);
        let (scenario, job, path) = (scenario.clone(), job.clone(), folder.path().to_owned());
        move || prepare(&scenario, &job, failpoints.clone(), path.clone())
    };
    if job.checked
        && let Err(why) = simulation::check_determinism(begin.clone())
    {
        let _ = std::fs::remove_dir_all(folder.path());
        let record =
            judge::of_dead_worker(scenario, job, Outcome::invalid(why, []), Measured::default());
        return Ok(Reply::Done {
            record: Box::new(record),
            hit_classes: vec![],
            complaints: vec![],
            profile: None,
        });
    }
    let simulation = begin();
    let plan = simulation.plan.clone();
    let stopwatch = Stopwatch::start();
    let end = simulation::run(simulation);
    let wall_us = u64::try_from(stopwatch.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (finished, leftovers) = end?;
    let measured = Measured { wall_us, stderr: String::new() };
    let stopwatch = Stopwatch::start();
    let record = judge::judge(scenario, job.run.clone(), &plan, &finished, measured);
    let checks = stopwatch.elapsed();
    let profile = finished.profile.clone().map(|profile| Profile { checks, ..profile });
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
        && (job.bundle_always || record.verdict != Verdict::Valid)
    {
        let faults = finished.faults.iter().map(|fault| fault.fault.clone()).collect();
        let plan = Plan { faults, ..plan };
        note(write_bundle(bundle, &record, &plan, &finished, &leftovers), bundle);
    }
    let path = folder.path().to_owned();
    if let Err(why) = folder.close() {
        complaints.push(format!("failed to remove {}: {why}", path.display()));
    }
    let hit_classes = match &job.wanted {
        Wanted::None => Vec::new(),
        Wanted::All => finished.hit_classes,
        Wanted::New(known) => {
            let is_new = |class: &HitClass| known.binary_search(&class.class()).is_err();
            finished.hit_classes.into_iter().filter(is_new).collect()
        }
    };
    Ok(Reply::Done { record: Box::new(record), hit_classes, complaints, profile })
}

/// Prepares a run with fresh hosts.
fn prepare(
    scenario: &Scenario,
    job: &Job,
    failpoints: Vec<&'static str>,
    folder: PathBuf,
) -> Simulation {
    let (swarm, plan) = match job.drawn {
        true => {
            let (swarm, plan) = Swarm::new(scenario.name(), job.run.seed, scenario.arena());
            (Some(swarm), nemesis::plan_of(&job.run, plan))
        }
        false => (None, job.plan.clone()),
    };
    Simulation {
        topology: scenario.make_topology(),
        swarm,
        defect: job.run.defect.clone(),
        failpoints,
        director: ScenarioDirector::new(scenario, plan.chaos),
        plan,
        folder,
        profile: job.profile,
    }
}

/// Writes events as JSON Lines; for a whole trace, the BLAKE3 hash of the file is the digest.
pub(crate) fn write_lines<'a>(
    path: &Path,
    events: impl IntoIterator<Item = &'a TraceEvent>,
) -> io::Result<()> {
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
    leftovers: &Leftovers,
) -> io::Result<()> {
    // Files of an earlier run must not be mixed with these.
    ours::remove(bundle, Place::Run)?;
    std::fs::create_dir_all(bundle)?;
    let mut json = serde_json::to_string_pretty(record)?;
    json.push('\n');
    std::fs::write(bundle.join("record.json"), json)?;
    std::fs::write(bundle.join("plan.toml"), plan.to_toml())?;
    write_lines(&bundle.join("trace.jsonl"), finished.trace.events())?;
    write_lines(&bundle.join("history.jsonl"), History::of(finished.trace.events()).events())?;
    leftovers.keep(bundle)
}
