//! `drill cross`: the same scenarios and plans on both simulators; the verdict of every check must be the same.
//!
//! A violation that both show is no artefact of one. Where they disagree, the harness is wrong, or the simulators mean
//! different things by the same words; either way somebody has to look, so both stories are shown.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use chaosdrill_core::{EventKind, Record, TraceEvent, Verdict};
use chaosdrill_reports::{command, html};
use chaosdrill_rt::sim;
use clap::Args;
use serde_json::json;

use crate::{
    campaign::engine::Progress,
    campaign::{self, kept, pursue},
    cli::{
        args::{self, MessageFormat, RunChoice, SeedArgs},
        console::{self, Bar},
        error::{ExpectedError, Status},
        replay,
    },
    crew::{self, JobEnd, Workers},
    registry::Registry,
    run::Job,
    sibling, stories,
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
    /// Cross these plans, and no others: a file, or a folder of them.
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

/// Lines of a run's story on the terminal.
const STORY_LINES_MAX: usize = 12;

/// One plan, run on both.
struct Pair {
    here: Record,
    /// The checks on whose verdict they differ, with both verdicts.
    differ: Vec<(String, Verdict, Verdict)>,
}

pub(crate) fn cross(
    registry: &Registry,
    args: &CrossArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let here = args.choice.workers.workers();
    let other = sibling::find(args.other.as_deref())?;
    let there = Workers { program: Some(other), ..here };
    let jobs = jobs(registry, args)?;
    let mut bar = Bar::new(jobs.len() * 2, "cross");
    let first = run(registry, &jobs, here, &mut bar)?;
    // What a swarm drew is a plan now; both get it as one, so that neither draws anew.
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for (job, record) in jobs.iter().zip(&first) {
        let plan =
            if job.drawn { pursue::plan_of(registry, record) } else { Some(job.plan.clone()) };
        let Some(plan) = plan else { continue };
        let job = Job { plan, drawn: false, ..job.clone() };
        let mut other = job.clone();
        sim::OTHER_SIMULATOR.clone_into(&mut other.run.simulator);
        mine.push((job, record));
        others.push(other);
    }
    let second = run(registry, &others, there, &mut bar)?;
    bar.finish();
    let mut pairs: Vec<(Pair, &Job, &Job)> = Vec::new();
    for (((job, here), there), other) in mine.iter().zip(second).zip(&others) {
        let differ = differences(here, &there);
        pairs.push((Pair { here: (*here).clone(), differ }, job, other));
    }
    let disagreements: Vec<&(Pair, &Job, &Job)> =
        pairs.iter().filter(|(pair, ..)| !pair.differ.is_empty()).collect();
    if args.out.exists() {
        std::fs::remove_dir_all(&args.out).map_err(|why| cannot_write(&args.out, &why))?;
    }
    for (shown, (pair, job, other)) in disagreements.iter().enumerate() {
        let folder = args.out.join(pair.here.run.folder());
        let stories = [(*job, here), (*other, there)]
            .map(|(job, workers)| story(registry, &folder, job, workers));
        if format == MessageFormat::Human && shown < BLOCKS_SHOWN_MAX {
            let [mine, others] = stories;
            console::print(&block(registry, pair, &folder, &mine?, &others?));
        } else {
            stories.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
    }
    summarize(&pairs, disagreements.len(), format);
    Ok(if disagreements.is_empty() { Status::Valid } else { Status::Violation })
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

fn run(
    registry: &Registry,
    jobs: &[Job],
    workers: Workers,
    bar: &mut Bar,
) -> Result<Vec<Record>, ExpectedError> {
    let mut records: BTreeMap<usize, Record> = BTreeMap::new();
    let broken = crew::run_all(registry, jobs, workers, |index, end| match end {
        JobEnd::Recorded { record, complaints, .. } => {
            complaints.iter().for_each(|complaint| bar.complain(complaint));
            bar.run_is_over(&record);
            records.insert(index, *record);
            ControlFlow::Continue(())
        }
        JobEnd::Broken { why } => ControlFlow::Break(why),
    });
    match broken {
        Some(why) => Err(ExpectedError::Harness(why)),
        None => Ok(records.into_values().collect()),
    }
}

/// The checks that ended differently, with both ends.
fn differences(here: &Record, there: &Record) -> Vec<(String, Verdict, Verdict)> {
    let verdicts = |record: &Record| -> BTreeMap<String, Verdict> {
        record.checks.iter().map(|check| (check.name.clone(), check.verdict)).collect()
    };
    let (mine, others) = (verdicts(here), verdicts(there));
    let names: std::collections::BTreeSet<&String> = mine.keys().chain(others.keys()).collect();
    let verdict =
        |of: &BTreeMap<String, Verdict>, name| of.get(name).copied().unwrap_or(Verdict::Unknown);
    names
        .into_iter()
        .map(|name| (name.clone(), verdict(&mine, name), verdict(&others, name)))
        .filter(|(_, mine, others)| mine != others)
        .collect()
}

/// Runs one side of a disagreement once more, and leaves everything of it in a folder.
fn story(
    registry: &Registry,
    folder: &Path,
    job: &Job,
    workers: Workers,
) -> Result<(Record, Vec<TraceEvent>), ExpectedError> {
    let folder = folder.join(&job.run.simulator);
    let job = Job { bundle: Some(folder.clone()), bundle_always: true, ..job.clone() };
    let record = run(registry, &[job], workers, &mut Bar::new(0, "stories"))?.pop();
    let record = record.ok_or_else(|| ExpectedError::Harness("a run gave no record".to_owned()))?;
    let story = stories::read(&folder, &record);
    std::fs::write(folder.join("report.html"), html::run(&story, &registry.program))
        .map_err(|why| cannot_write(&folder, &why))?;
    Ok((record, story.events))
}

fn cannot_write(path: &Path, why: &std::io::Error) -> ExpectedError {
    ExpectedError::Usage(format!("failed to write {}: {why}", path.display()))
}

fn block(
    registry: &Registry,
    pair: &Pair,
    folder: &Path,
    mine: &(Record, Vec<TraceEvent>),
    others: &(Record, Vec<TraceEvent>),
) -> String {
    let run = &pair.here.run;
    let mut text = format!("DISAGREE  {}   {}   seed {}\n", run.scenario, run.nemesis, run.seed);
    text.push_str(&format!("  claim    {}\n", pair.here.claim));
    for (check, mine, others) in &pair.differ {
        text.push_str(&format!(
            "  check    {check}: {} on {}, {} on {}\n",
            mine.name(),
            sim::SIMULATOR,
            others.name(),
            sim::OTHER_SIMULATOR
        ));
    }
    for (record, events) in [mine, others] {
        text.push_str(&format!("  {}\n", record.run.simulator));
        for line in excerpt(pair, record, events) {
            text.push_str(&format!("    {line}\n"));
        }
    }
    let plan = folder.join(sim::SIMULATOR).join("plan.toml").display().to_string();
    for simulator in [sim::SIMULATOR, sim::OTHER_SIMULATOR] {
        let program = sibling::program_on(&registry.program, simulator);
        text.push_str(&format!("  replay   {}\n", command::replay(&program, run, Some(&plan))));
    }
    text.push_str(&format!("  both     {}\n\n", folder.display()));
    console::redacted(&text) + "\n"
}

/// What faults did, and what the check saw: the part of a run's story that fits on a screen.
fn excerpt(pair: &Pair, record: &Record, events: &[TraceEvent]) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, ..) in &pair.differ {
        let check = record.checks.iter().find(|check| check.name == *name);
        if let Some(check) = check.filter(|check| !check.why.is_empty()) {
            lines.push(format!("{name}: {}", check.why));
        }
    }
    let witness: Vec<u64> =
        record.checks.iter().flat_map(|check| check.witness.iter().copied()).collect();
    let matters = |event: &&TraceEvent| {
        let kinds = [EventKind::Fault, EventKind::Phase, EventKind::Host];
        kinds.contains(&event.kind) || witness.contains(&event.seq)
    };
    let chosen: Vec<String> = events.iter().filter(matters).map(ToString::to_string).collect();
    let left_out = chosen.len().saturating_sub(STORY_LINES_MAX);
    lines.extend(chosen.into_iter().take(STORY_LINES_MAX));
    if left_out > 0 {
        lines.push(format!("({left_out} more in trace.jsonl)"));
    }
    lines
}

fn summarize(pairs: &[(Pair, &Job, &Job)], disagreements: usize, format: MessageFormat) {
    let violations = pairs
        .iter()
        .filter(|(pair, ..)| pair.differ.is_empty() && pair.here.verdict == Verdict::Invalid)
        .count();
    if format == MessageFormat::Json {
        for (pair, ..) in pairs.iter().filter(|(pair, ..)| !pair.differ.is_empty()) {
            let differ: Vec<_> = pair
                .differ
                .iter()
                .map(|(check, mine, others)| {
                    json!({ "check": check, sim::SIMULATOR: mine, sim::OTHER_SIMULATOR: others })
                })
                .collect();
            console::print_json(&json!({ "run": pair.here.run, "differ": differ }));
        }
        console::print_json(&json!({
            "crossed": pairs.len(), "disagreements": disagreements, "violations_on_both": violations,
        }));
        return;
    }
    let scenarios: std::collections::BTreeSet<&str> =
        pairs.iter().map(|(pair, ..)| pair.here.run.scenario.as_str()).collect();
    console::print(&format!(
        "cross: {} plans of {} scenarios on {} and {}: {} agree ({violations} of them violations), {disagreements} \
         disagree\n",
        pairs.len(),
        scenarios.len(),
        sim::SIMULATOR,
        sim::OTHER_SIMULATOR,
        pairs.len() - disagreements
    ));
}
