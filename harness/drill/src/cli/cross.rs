//! `drill cross`: runs the same scenarios and plans on both simulators, and compares the verdicts of all checks.
//!
//! A violation on both is no artefact of one simulator. If they disagree, the harness has a bug or the simulators
//! differ in meaning. Either way a person has to look, so both stories are shown.

mod seeds;
mod tell;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use chaosdrill_core::{
    Origin, Record, Verdict,
    limits::{BLOCKS_SHOWN_MAX, CROSS_BATCH_PLANS},
};
use clap::Args;
use seeds::Shown;

use crate::{
    campaign::{
        engine::Progress,
        kept,
        roots::{Roots, Seeds},
        triage,
    },
    campaign_dir::folder,
    cli::{
        args::{self, DefectArgs, MessageFormat, RunChoice, SeedArgs},
        console::{self, Bar},
        error::ExpectedError,
        replay,
    },
    interrupt,
    job::Job,
    other_build,
    registry::Registry,
    simulation,
    status::Status,
    workers::{self, JobEnd, Workers},
};

#[derive(Clone, Debug, Args)]
pub(crate) struct CrossArgs {
    #[command(flatten)]
    choice: RunChoice,
    #[command(flatten)]
    seeds: SeedArgs,
    #[command(flatten)]
    defect: DefectArgs,
    /// Compare only these plans: a plan file, or a folder of plan files. With `--seeds`, if a violation does not occur
    /// on the other simulator from the plan's own seed, these seeds are tried there too.
    #[arg(long, value_name = "PATH", help_heading = "Runs")]
    plans: Option<PathBuf>,
    /// The program that was built on the other simulator [default: the one that cargo built].
    #[arg(long, value_name = "PROGRAM", env = "DRILL_OTHER", help_heading = "Workers")]
    other: Option<PathBuf>,
    /// The output folder for both runs of each disagreement.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "target/drill-cross",
        env = "DRILL_OUT",
        help_heading = "Output"
    )]
    out: PathBuf,
}

/// One plan, run on both simulators.
#[derive(Debug)]
struct Pair {
    /// The record of this simulator.
    record: Record,
    /// The job for this simulator.
    here: Job,
    /// The job for the other simulator.
    there: Job,
    /// The checks whose verdicts differ, with both verdicts.
    differ: Vec<(String, Verdict, Verdict)>,
}

/// The results so far.
#[derive(Debug, Default)]
struct Tally {
    scenarios: BTreeSet<String>,
    crossed: usize,
    disagreements: usize,
    violations_on_both: usize,
    /// Violations that the other simulator shows only from another seed.
    from_other_seeds: usize,
}

impl Tally {
    fn take(&mut self, pair: &Pair, shown: Option<&Shown>) {
        self.scenarios.insert(pair.record.run.scenario.clone());
        self.crossed += 1;
        if shown.is_some() {
            self.from_other_seeds += 1;
        } else if !pair.differ.is_empty() {
            self.disagreements += 1;
        } else if pair.record.verdict == Verdict::Invalid {
            self.violations_on_both += 1;
        }
    }
}

/// The workers of both simulators.
#[derive(Clone, Copy, Debug)]
struct WorkersOfBoth {
    here: Workers,
    there: Workers,
}

impl WorkersOfBoth {
    /// The workers of the simulator that a job is for.
    fn of(self, job: &Job) -> Workers {
        if job.run.simulator == simulation::SIMULATOR { self.here } else { self.there }
    }
}

pub(crate) fn cross(
    registry: &Registry,
    args: &CrossArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let here = args.choice.workers.workers();
    let other = other_build::find(args.other.as_deref())?;
    let workers = WorkersOfBoth { here, there: Workers { program: Some(other), ..here } };
    let named = args.plans.as_deref().map(|path| jobs_of_plans(registry, path)).transpose()?;
    let config = args::campaign_config(registry, &args.choice, &args.seeds, &args.defect)?;
    let kept = kept::kept_plans(registry, config.filter.as_deref())?;
    let roots = Roots::new(registry, &config, config.settings(None), &kept);
    let all = named.as_ref().map_or(roots.len(), |jobs| jobs.len() as u64);
    let mut jobs: Box<dyn Iterator<Item = Job>> = match named {
        Some(jobs) => Box::new(jobs.into_iter()),
        None => Box::new(roots.jobs()),
    };
    if let Some(moved) = folder::make_room(&args.out)? {
        console::say_moved(&args.out, &moved);
    }
    if let Err(why) = interrupt::listen() {
        eprintln!("warning: failed to listen for Ctrl-C: {why}");
    }
    let mut bar = Bar::new(all.saturating_mul(2), "cross");
    let mut tally = Tally::default();
    // Without `--plans` the seeds are those of the runs.
    let none = Seeds { from: 0, count: 0 };
    let other_seeds = if args.plans.is_some() { args.seeds.seeds_or(0).0 } else { none };
    // The results of a batch are printed before the next one starts, so that an interrupt loses none.
    loop {
        let batch: Vec<Job> = jobs.by_ref().take(CROSS_BATCH_PLANS).collect();
        if batch.is_empty() {
            break;
        }
        for pair in cross_batch(registry, &batch, workers, &mut bar)? {
            let shown = seeds::look(registry, &pair, other_seeds, workers)?;
            tally.take(&pair, shown.as_ref());
            if pair.differ.is_empty() {
                continue;
            }
            if let Some(shown) = shown {
                bar.hidden_while(|| {
                    tell::from_another_seed(registry, &pair, &shown, &args.out, workers, format)
                })?;
                continue;
            }
            let is_shown = tally.disagreements <= BLOCKS_SHOWN_MAX;
            bar.hidden_while(|| {
                tell::disagreement(registry, &pair, &args.out, workers, format, is_shown)
            })?;
        }
        if interrupt::was_asked_for() {
            break;
        }
    }
    bar.finish();
    tell::summary(&tally, all, format);
    let found = if tally.disagreements == 0 { Status::Valid } else { Status::Violation };
    Ok(if interrupt::was_asked_for() { found.max(Status::Interrupted) } else { found })
}

/// Runs jobs on both simulators. A plan without a record of one side, because of an interrupt, is left out.
fn cross_batch(
    registry: &Registry,
    jobs: &[Job],
    workers: WorkersOfBoth,
    bar: &mut Bar,
) -> Result<Vec<Pair>, ExpectedError> {
    let first = run(registry, jobs, workers.here, bar)?;
    // Faults that a swarm drew are now a plan; both simulators get that plan, so that neither draws again.
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for (job, record) in jobs.iter().zip(first) {
        let Some(record) = record else { continue };
        let plan =
            if job.drawn { triage::plan_of(registry, &record) } else { Some(job.plan.clone()) };
        let Some(plan) = plan else { continue };
        let job = Job { plan, drawn: false, ..job.clone() };
        let mut other = job.clone();
        simulation::OTHER_SIMULATOR.clone_into(&mut other.run.simulator);
        mine.push((job, record));
        others.push(other);
    }
    let second = run(registry, &others, workers.there, bar)?;
    let both = mine.into_iter().zip(others).zip(second);
    let pair = |(((here, record), there), other): (((Job, Record), Job), Option<Record>)| {
        let differ = differences(&record, &other?);
        Some(Pair { record, here, there, differ })
    };
    Ok(both.filter_map(pair).collect())
}

/// The jobs for the plans in a file or a folder.
fn jobs_of_plans(registry: &Registry, path: &Path) -> Result<Vec<Job>, ExpectedError> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        files = kept::plan_files(path).map_err(|why| {
            ExpectedError::Usage(format!("failed to read {}: {why}", path.display()))
        })?;
        files.sort();
    }
    files
        .iter()
        .map(|file| {
            let mut job = replay::job_of_plan(registry, kept::read_plan(registry, file)?)?;
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            job.run.origin = Origin::File(Some(stem.into_owned()));
            Ok(job)
        })
        .collect()
}

/// The records of these jobs, in order; `None` for a job that was not started because of an interrupt.
fn run(
    registry: &Registry,
    jobs: &[Job],
    workers: Workers,
    bar: &mut Bar,
) -> Result<Vec<Option<Record>>, ExpectedError> {
    let mut records = vec![None; jobs.len()];
    let mut broken = None;
    workers::run_all(registry, jobs.iter().cloned(), workers, |index, end| match end {
        JobEnd::Recorded { record, complaints, was_killed, .. } => {
            complaints.iter().for_each(|complaint| bar.complain(complaint));
            bar.run_is_over(&record);
            records[index] = (!was_killed || !interrupt::was_asked_for()).then_some(*record);
            ControlFlow::Continue(())
        }
        JobEnd::Broken { why } => {
            broken = Some(why);
            ControlFlow::Break(())
        }
    })?;
    match broken {
        Some(why) => Err(ExpectedError::Harness(why)),
        None => Ok(records),
    }
}

/// The checks whose verdicts differ, with both verdicts.
fn differences(here: &Record, there: &Record) -> Vec<(String, Verdict, Verdict)> {
    let verdicts = |record: &Record| -> BTreeMap<String, Verdict> {
        record.checks.iter().map(|check| (check.name.clone(), check.verdict)).collect()
    };
    let (mine, others) = (verdicts(here), verdicts(there));
    let names: BTreeSet<&String> = mine.keys().chain(others.keys()).collect();
    let verdict =
        |of: &BTreeMap<String, Verdict>, name| of.get(name).copied().unwrap_or(Verdict::Unknown);
    names
        .into_iter()
        .map(|name| (name.clone(), verdict(&mine, name), verdict(&others, name)))
        .filter(|(_, mine, others)| mine != others)
        .collect()
}

fn cannot_write(path: &Path, why: &std::io::Error) -> ExpectedError {
    ExpectedError::Usage(format!("failed to write {}: {why}", path.display()))
}
