//! `drill cross`: the same scenarios and plans on both simulators; the verdict of every check must be the same.
//!
//! A violation that both show is no artefact of one. Where they disagree, the harness is wrong, or the simulators mean
//! different things by the same words; either way somebody has to look, so both stories are shown.

mod seeds;
mod tell;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use chaosdrill_core::{Record, Verdict, limits::CROSS_BATCH_PLANS};
use chaosdrill_rt::sim;
use clap::Args;
use seeds::Shown;

use crate::{
    campaign::engine::Progress,
    campaign::{self, kept, pursue},
    cli::{
        args::{self, MessageFormat, RunChoice, SeedArgs},
        console::Bar,
        error::{ExpectedError, Status},
        replay,
    },
    crew::{self, JobEnd, Workers},
    interrupt,
    registry::Registry,
    run::Job,
    sibling,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct CrossArgs {
    #[command(flatten)]
    choice: RunChoice,
    #[command(flatten)]
    seeds: SeedArgs,
    /// Switch on a planted defect, by its id.
    #[arg(long, value_name = "ID", env = "DRILL_DEFECT", help_heading = "Runs")]
    defect: Option<String>,
    /// Cross these plans, and no others: a file, or a folder of them. With `--seeds`, a violation that the other
    /// simulator does not show from the plan's own seed is looked for there from these.
    #[arg(long, value_name = "PATH", help_heading = "Runs")]
    plans: Option<PathBuf>,
    /// The program that was built on the other simulator [default: where cargo leaves it].
    #[arg(long, value_name = "PROGRAM", env = "DRILL_OTHER", help_heading = "Workers")]
    other: Option<PathBuf>,
    /// Where both sides of a disagreement are written.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "target/drill-cross",
        env = "DRILL_OUT",
        help_heading = "Output"
    )]
    out: PathBuf,
}

/// How many disagreements the terminal shows; the others are in the folder.
const BLOCKS_SHOWN_MAX: usize = 5;

/// One plan, run on both.
#[derive(Debug)]
struct Pair {
    /// The record of this simulator.
    record: Record,
    /// What was run on this one.
    here: Job,
    /// What was run on the other.
    there: Job,
    /// The checks on whose verdict they differ, with both verdicts.
    differ: Vec<(String, Verdict, Verdict)>,
}

/// What has been crossed so far.
#[derive(Debug, Default)]
struct Tally {
    scenarios: BTreeSet<String>,
    crossed: usize,
    disagreements: usize,
    violations_on_both: usize,
    /// Violations that the other side shows from another seed only.
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
struct Crews {
    here: Workers,
    there: Workers,
}

impl Crews {
    /// The workers of the simulator that a job is for.
    fn of(self, job: &Job) -> Workers {
        if job.run.simulator == sim::SIMULATOR { self.here } else { self.there }
    }
}

pub(crate) fn cross(
    registry: &Registry,
    args: &CrossArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let here = args.choice.workers.workers();
    let other = sibling::find(args.other.as_deref())?;
    let crews = Crews { here, there: Workers { program: Some(other), ..here } };
    let jobs = jobs(registry, args)?;
    if args.out.exists() {
        std::fs::remove_dir_all(&args.out).map_err(|why| cannot_write(&args.out, &why))?;
    }
    if let Err(why) = interrupt::listen() {
        eprintln!("warning: failed to listen for Ctrl-C: {why}");
    }
    let mut bar = Bar::new(jobs.len() * 2, "cross");
    let mut tally = Tally::default();
    // Without `--plans` the seeds are those of the runs.
    let other_seeds = if args.plans.is_some() { args.seeds.seeds_or(0).0 } else { Vec::new() };
    // What a batch showed is told before the next one begins: whoever breaks off has lost nothing.
    for batch in jobs.chunks(CROSS_BATCH_PLANS) {
        for pair in cross_batch(registry, batch, crews, &mut bar)? {
            let shown = seeds::look(registry, &pair, &other_seeds, crews)?;
            tally.take(&pair, shown.as_ref());
            if pair.differ.is_empty() {
                continue;
            }
            if let Some(shown) = shown {
                bar.hidden_while(|| {
                    tell::from_another_seed(registry, &pair, &shown, &args.out, crews, format)
                })?;
                continue;
            }
            let is_shown = tally.disagreements <= BLOCKS_SHOWN_MAX;
            bar.hidden_while(|| {
                tell::disagreement(registry, &pair, &args.out, crews, format, is_shown)
            })?;
        }
        if interrupt::was_asked_for() {
            break;
        }
    }
    bar.finish();
    tell::summary(&tally, jobs.len(), format);
    let found = if tally.disagreements == 0 { Status::Valid } else { Status::Violation };
    Ok(if interrupt::was_asked_for() { found.max(Status::Interrupted) } else { found })
}

/// Runs these on both; a plan of which one side has no record, because somebody broke off, is left out.
fn cross_batch(
    registry: &Registry,
    jobs: &[Job],
    crews: Crews,
    bar: &mut Bar,
) -> Result<Vec<Pair>, ExpectedError> {
    let first = run(registry, jobs, crews.here, bar)?;
    // What a swarm drew is a plan now; both get it as one, so that neither draws anew.
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for (job, record) in jobs.iter().zip(first) {
        let Some(record) = record else { continue };
        let plan =
            if job.drawn { pursue::plan_of(registry, &record) } else { Some(job.plan.clone()) };
        let Some(plan) = plan else { continue };
        let job = Job { plan, drawn: false, ..job.clone() };
        let mut other = job.clone();
        sim::OTHER_SIMULATOR.clone_into(&mut other.run.simulator);
        mine.push((job, record));
        others.push(other);
    }
    let second = run(registry, &others, crews.there, bar)?;
    let both = mine.into_iter().zip(others).zip(second);
    let pair = |(((here, record), there), other): (((Job, Record), Job), Option<Record>)| {
        let differ = differences(&record, &other?);
        Some(Pair { record, here, there, differ })
    };
    Ok(both.filter_map(pair).collect())
}

/// The runs: those of the plans that were named, else what a campaign would run first.
fn jobs(registry: &Registry, args: &CrossArgs) -> Result<Vec<Job>, ExpectedError> {
    let Some(path) = &args.plans else {
        let order = args::order(registry, &args.choice, &args.seeds, args.defect.as_deref())?;
        let kept = kept::kept_plans(registry, order.filter.as_deref())?;
        return Ok(campaign::root_jobs(registry, &order, &kept));
    };
    let mut files = vec![path.clone()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|why| {
            ExpectedError::Usage(format!("failed to read {}: {why}", path.display()))
        })?;
        files = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
    }
    files
        .iter()
        .map(|file| {
            let mut job = replay::job_of_plan(registry, kept::read_plan(registry, file)?)?;
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            job.run.nemesis = format!("plan-{stem}");
            Ok(job)
        })
        .collect()
}

/// The records of these jobs, in their order; none of a job that was not begun because somebody broke off.
fn run(
    registry: &Registry,
    jobs: &[Job],
    workers: Workers,
    bar: &mut Bar,
) -> Result<Vec<Option<Record>>, ExpectedError> {
    let mut records = vec![None; jobs.len()];
    let broken = crew::run_all(registry, jobs, workers, |index, end| match end {
        JobEnd::Recorded { record, complaints, was_killed, .. } => {
            complaints.iter().for_each(|complaint| bar.complain(complaint));
            bar.run_is_over(&record);
            records[index] = (!was_killed || !interrupt::was_asked_for()).then_some(*record);
            ControlFlow::Continue(())
        }
        JobEnd::Broken { why } => ControlFlow::Break(why),
    });
    match broken {
        Some(why) => Err(ExpectedError::Harness(why)),
        None => Ok(records),
    }
}

/// The checks that ended differently, with both ends.
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
