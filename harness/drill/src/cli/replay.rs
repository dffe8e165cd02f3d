//! `drill replay`: repeats one run.

use std::path::{Path, PathBuf};

use chaosdrill_core::{Origin, Plan, Record, RunId, Seed, TraceEvent, nearest};
use chaosdrill_reports::trace_export;
use clap::{
    Args, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};

use crate::{
    campaign::kept,
    campaign_dir::{self, FolderError},
    cli::{
        args::{self, Database, DefectArgs, MessageFormat},
        console,
        error::ExpectedError,
        profile,
    },
    job::Job,
    nemesis::{self, Nemesis},
    ours::{self, Kind, Place},
    registry::Registry,
    scratch, simulation,
    status::Status,
    workers::{Child, JobEnd, WorkerLost, Workers},
};

#[derive(Clone, Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The full name of the scenario.
    #[arg(value_name = "SCENARIO", required_unless_present = "plan")]
    scenario: Option<String>,
    /// The seed of the run.
    #[arg(long, value_name = "S", required_unless_present = "plan", conflicts_with = "plan")]
    seed: Option<Seed>,
    /// How the faults of the run were chosen.
    #[arg(long, value_parser = by_seed(), default_value = "script", conflicts_with = "plan")]
    nemesis: Nemesis,
    /// The plan or the record of the run, instead of a scenario and a seed.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    defect: DefectArgs,
    /// The database that the scenario runs on [default: the plan's, or sqlite].
    #[arg(long, value_enum, env = "DRILL_DB")]
    db: Option<Database>,
    /// How much of the trace to print.
    #[arg(long, value_enum, default_value = "events", env = "DRILL_TRACE")]
    trace: TraceLevel,
    /// Kill the run after this much wall-clock time; its verdict is then unknown.
    #[arg(long, value_name = "30s", default_value = "30s", env = "DRILL_RUN_TIMEOUT", value_parser = args::parse_duration)]
    run_timeout: std::time::Duration,
    /// Repeat the run for a second, and print what it costs by part, and the three sites that cost most.
    #[arg(long, conflicts_with_all = ["trace_export", "out"])]
    profile: bool,
    /// Write the trace to this file, in a format that ui.perfetto.dev opens.
    #[arg(long, value_name = "FILE")]
    trace_export: Option<PathBuf>,
    /// Also write all files of the run to this folder.
    #[arg(long, value_name = "DIR", env = "DRILL_OUT")]
    out: Option<PathBuf>,
}

/// The nemeses that draw a plan from a seed alone. A point of a sweep depends on a calm run, so it is replayed by its
/// plan.
fn by_seed() -> impl TypedValueParser<Value = Nemesis> {
    let names = [Nemesis::Script, Nemesis::Swarm].map(|nemesis| {
        PossibleValue::new(nemesis.name()).help(match nemesis {
            Nemesis::Script => "The faults that the scenario's author wrote",
            _ => "Random faults, from a few families at a time",
        })
    });
    PossibleValuesParser::new(names).try_map(|name| Nemesis::from_str(&name, false))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TraceLevel {
    /// Nothing.
    Off,
    /// The events of the workload, of the hosts and of the faults.
    Events,
    /// All events, with every step that touched the outside world.
    Full,
}

pub(crate) fn replay(
    registry: &Registry,
    args: &ReplayArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let job = job(registry, args)?;
    if args.profile {
        return profile::show(registry, &job, args.run_timeout, format);
    }
    may_write(args)?;
    let scratch = scratch::folder().map_err(|why| ExpectedError::Harness(why.to_string()))?;
    let trace = scratch.path().join("trace.jsonl");
    let bundle = args.out.clone();
    let job = Job { trace: Some(trace.clone()), bundle, bundle_always: true, ..job };
    let workers = Workers { allowance: args.run_timeout, ..Workers::default() };
    let end = Child::new(0, workers).run(registry, &job);
    let events = campaign_dir::read_trace(&trace).unwrap_or_default();
    drop(scratch);
    let record = match end {
        Ok(JobEnd::Recorded { record, complaints, .. }) => {
            complaints
                .iter()
                .for_each(|complaint| eprintln!("warning: {}", console::redacted(complaint)));
            record
        }
        Ok(JobEnd::Broken { why }) => return Err(ExpectedError::Harness(why)),
        Err(why) => return Err(WorkerLost(why.to_string()).into()),
    };
    if let Some(file) = &args.trace_export {
        let text = trace_export::chrome_trace(&record, &events);
        ours::write(file, Kind::TraceExport, text).map_err(|why| {
            ExpectedError::Usage(format!("failed to write {}: {why}", file.display()))
        })?;
    }
    show(registry, args, &record, &events, format);
    Ok(Status::from(record.verdict))
}

/// Before the run, refuses to overwrite files that are not ours.
fn may_write(args: &ReplayArgs) -> Result<(), ExpectedError> {
    if let Some(out) = &args.out {
        ours::look(out, Place::Run).map_err(FolderError::NotOurs)?;
    }
    if let Some(file) = &args.trace_export {
        ours::may_write(file, Kind::TraceExport).map_err(|why| {
            ExpectedError::Usage(format!("{why}; name another file with --trace-export"))
        })?;
    }
    Ok(())
}

fn job(registry: &Registry, args: &ReplayArgs) -> Result<Job, ExpectedError> {
    let (plan, origin) = match (&args.plan, &args.scenario, args.seed) {
        (Some(path), scenario, _) => {
            (plan_for(registry, path, scenario.as_deref())?, Origin::File(None))
        }
        (None, Some(name), Some(seed)) => {
            let scenario = registry.scenario(name).ok_or_else(|| {
                let hint = registry.scenario_hint(name);
                ExpectedError::Usage(format!(
                    "there is no scenario `{name}`{hint}; `{} list scenarios` lists all of them",
                    registry.program
                ))
            })?;
            match args.nemesis {
                Nemesis::Script => (scenario.script(seed), Origin::Script),
                Nemesis::Swarm => (Plan::new(name, seed), Origin::Swarm),
                Nemesis::Sweep => {
                    return Err(ExpectedError::Usage(
                        "a run of a sweep can only be replayed from its plan; give it with --plan FILE".to_owned(),
                    ));
                }
            }
        }
        _ => {
            return Err(ExpectedError::Usage(
                "give a scenario and a seed, or a plan with --plan".to_owned(),
            ));
        }
    };
    place(registry, plan, origin, args.defect.defect()?, args.db)
}

/// The job of a plan, as the plan was found.
pub(crate) fn job_of_plan(registry: &Registry, plan: Plan) -> Result<Job, ExpectedError> {
    place(registry, plan, Origin::File(None), None, None)
}

/// The job of a plan, with the requested defect and database; by default those under which the plan was found.
fn place(
    registry: &Registry,
    plan: Plan,
    origin: Origin,
    defect: Option<String>,
    db: Option<Database>,
) -> Result<Job, ExpectedError> {
    let found = plan.found.clone();
    let asked_by = if defect.is_some() { "--defect" } else { "the plan" };
    let defect = defect.or_else(|| found.as_ref().and_then(|found| found.defect.clone()));
    if let Some(ids) = &defect {
        args::known_defects(registry, ids, asked_by)?;
    }
    let db = match (db, &found) {
        (Some(db), _) => db.name().to_owned(),
        (None, Some(found)) => known_database(&found.db)?,
        (None, None) => Database::default().name().to_owned(),
    };
    let run = RunId {
        scenario: plan.scenario.clone(),
        origin,
        seed: plan.seed,
        db,
        simulator: simulation::SIMULATOR.to_owned(),
        defect,
    };
    let plan = nemesis::plan_of(&run, plan);
    Ok(Job { drawn: run.origin == Origin::Swarm, ..Job::new(run, plan) })
}

fn plan_for(
    registry: &Registry,
    path: &Path,
    scenario: Option<&str>,
) -> Result<Plan, ExpectedError> {
    let plan = kept::read_plan(registry, path)?;
    match scenario {
        Some(name) if name != plan.scenario => Err(ExpectedError::Usage(format!(
            "the plan {} is for the scenario {}, not for {name}",
            path.display(),
            plan.scenario
        ))),
        _ => Ok(plan),
    }
}

fn known_database(name: &str) -> Result<String, ExpectedError> {
    let known = [Database::Sqlite.name()];
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    let hint = nearest::hint(name, known);
    Err(ExpectedError::Usage(format!(
        "the plan was found on the database `{name}`, which this build does not support{hint}; choose another with --db"
    )))
}

fn show(
    registry: &Registry,
    args: &ReplayArgs,
    record: &Record,
    events: &[TraceEvent],
    format: MessageFormat,
) {
    let shown = events.iter().filter(|event| match args.trace {
        TraceLevel::Off => false,
        TraceLevel::Events => event.kind.belongs_to_history(),
        TraceLevel::Full => true,
    });
    if format == MessageFormat::Json {
        shown.for_each(console::print_json);
        console::print_json(record);
        return;
    }
    for event in shown {
        console::print(&format!("{}\n", console::redacted(&event.to_string())));
    }
    let plan = args.plan.as_ref().map(|path| path.display().to_string());
    if args.trace != TraceLevel::Off {
        console::print("\n");
    }
    console::print(&console::block(record, &registry.program, plan.as_deref()));
    if let Some(folder) = &args.out {
        console::print(&format!("run  {}\n", console::redacted(&folder.display().to_string())));
    }
    let digest =
        record.digest.as_deref().unwrap_or("none: the worker process died before the run ended");
    console::print(&format!("digest  {digest}\n"));
}
