//! `drill prove`: enables each planted defect in turn, and checks whether the ordinary nemeses find it.
//!
//! First come the scripts of the scenarios that must find the defect, if any: their plans tell it best. Then all
//! scenarios of the defect's target are run, none chosen for the defect: two seeds of scripts and swarms, then a sweep,
//! from some point on in turns with more seeds. The search ends when a check from the catalogue catches
//! the defect, or when the budget is spent. The plan of the hit is shrunk and run again with the defect disabled: the
//! violation must be caused by the defect. Each result is reported as soon as it is settled. If the search is
//! interrupted, the matrix so far is shown, and `--resume` goes on with it.
//!
//! With `--by-script`, only the scripts of scenarios that name planted bugs are run, each with its own.

mod by_script;
mod case;
mod matrix;
mod resume;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use chaosdrill_core::defect::Defect;
use chaosdrill_core::{
    limits::{PROVE_ROUNDS_BEFORE_SWEEP, PROVE_RUNS_MAX},
    record::Proof,
};
use clap::Args;

use self::case::{Case, Catch};
pub(super) use self::matrix::show;
use crate::{
    campaign::engine::{Engine, Enough, TimeLimit},
    campaign_dir::{self, FolderError},
    cli::{
        args::{self, Database, MessageFormat, WorkerArgs},
        console::{self, Bar},
        error::ExpectedError,
        list,
    },
    interrupt,
    measure::Stopwatch,
    nemesis::{Nemesis, Settings},
    ours::{self, Kind, Place},
    registry::Registry,
    scenario::Scenario,
    status::Status,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct ProveArgs {
    /// Only the planted bug with this id, or all planted bugs of the target with this name; with `--by-script` also
    /// those that the scenario with this name must find.
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// How faults are chosen [default: all].
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',', env = "DRILL_NEMESIS")]
    nemesis: Vec<Nemesis>,
    /// The database that the scenarios run on.
    #[arg(long, value_enum, default_value = "sqlite", env = "DRILL_DB")]
    db: Database,
    /// Write the results to `prove.json` and `report.html` in this folder, and the smallest plans to `plans` below it.
    #[arg(long, value_name = "DIR", env = "DRILL_OUT")]
    out: Option<PathBuf>,
    /// Number of runs without a find after which a planted bug counts as missed.
    #[arg(long, value_name = "N", default_value_t = PROVE_RUNS_MAX, env = "DRILL_RUNS")]
    runs: u64,
    /// Start no more runs after this much wall-clock time. Planted bugs without a result by then are reported as open.
    #[arg(long, value_name = "60s", env = "DRILL_TIME_BUDGET", value_parser = args::parse_duration)]
    time_budget: Option<Duration>,
    /// Count a planted bug as found if any check is violated, not only one of the checks listed for it.
    #[arg(long, env = "DRILL_ANY_CHECK")]
    any_check: bool,
    /// Resume the search in the output folder: planted bugs that were found there are skipped.
    #[arg(long, env = "DRILL_RESUME", requires = "out")]
    resume: bool,
    /// Run only the scripts of scenarios that must find a planted bug by themselves, and count the seeds that find it.
    #[arg(long, env = "DRILL_BY_SCRIPT", conflicts_with_all = ["nemesis", "out", "runs", "any_check", "resume"])]
    by_script: bool,
    #[command(flatten)]
    workers: WorkerArgs,
}

pub(crate) fn prove(
    registry: &Registry,
    args: &ProveArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    if args.by_script {
        return by_script(registry, args, format);
    }
    let mut cases = cases(registry, args);
    if cases.is_empty() {
        return Err(nothing_selected(registry, args));
    }
    if let Some(out) = &args.out {
        may_write(out)?;
        if args.resume {
            resume::take_settled(out, &mut cases)?;
        }
    }
    if let Err(why) = interrupt::listen() {
        eprintln!("warning: failed to listen for Ctrl-C: {why}");
    }
    let nemeses = args::nemeses(&args.nemesis);
    let open = cases.iter().filter(|case| !case.is_settled()).count();
    let found = cases.iter().filter(|case| case.proof.found).count();
    let mut bar = Bar::of_search("prove", &format!("{found} found, {open} open"));
    let time = args.time_budget.map(TimeLimit::Budget);
    let enough = Enough { time, ..Enough::default() };
    let workers = args.workers.workers();
    let mut engine = Engine::new(registry, workers, enough, Stopwatch::start(), &mut bar);
    tell(&mut engine, &mut cases);
    search(&mut engine, &mut cases, &nemeses);
    if let Some(why) = engine.broken.pop() {
        return Err(ExpectedError::Harness(why));
    }
    bar.finish();
    for case in &mut cases {
        case.proof.open = !case.is_settled();
    }
    let proofs: Vec<&Proof> = cases.iter().map(|case| &case.proof).collect();
    if let Some(out) = &args.out {
        write(registry, out, &cases)?;
    }
    matrix::show(&proofs, format);
    if let Some(out) = args.out.as_deref().filter(|_| format == MessageFormat::Human) {
        console::print_page(out);
    }
    Ok(status(&proofs))
}

fn nothing_selected(registry: &Registry, args: &ProveArgs) -> ExpectedError {
    let filter = args.filter.clone().unwrap_or_default();
    let hint = registry.defect_hint(&filter);
    ExpectedError::NoDefectSelected { filter, hint, program: registry.program.clone() }
}

fn by_script(
    registry: &Registry,
    args: &ProveArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    list::must_agree(registry)?;
    let pledges = by_script::pledges(registry, args.filter.as_deref());
    if pledges.is_empty() {
        let Some(filter) = args.filter.clone() else {
            return Err(ExpectedError::NothingToList("script that must find a planted bug"));
        };
        let hint = by_script::hint(registry, &filter);
        return Err(ExpectedError::NoScriptSelected {
            filter,
            hint,
            program: registry.program.clone(),
        });
    }
    if let Err(why) = interrupt::listen() {
        eprintln!("warning: failed to listen for Ctrl-C: {why}");
    }
    let mut bar = Bar::of_search("prove", &format!("{} scripts", pledges.len()));
    let enough = Enough { time: args.time_budget.map(TimeLimit::Budget), ..Enough::default() };
    let workers = args.workers.workers();
    let mut engine = Engine::new(registry, workers, enough, Stopwatch::start(), &mut bar);
    let status = by_script::prove(&mut engine, pledges, args.db.name(), format)?;
    bar.finish();
    Ok(status)
}

/// A missed defect takes precedence over an interrupted search.
fn status(proofs: &[&Proof]) -> Status {
    let fails = |proof: &&&Proof| {
        let is_well = proof.found && proof.clean == Some(true);
        !proof.open && !is_well
    };
    if proofs.iter().filter(|proof| proof.is_asked_for()).any(|proof| fails(&proof)) {
        return Status::Violation;
    }
    match proofs.iter().any(|proof| proof.open) {
        _ if interrupt::was_asked_for() => Status::Interrupted,
        true => Status::Unknown,
        false => Status::Valid,
    }
}

/// The folder of the smallest plans, below `--out`.
const PLANS: &str = "plans";

/// Before the search, refuses an output folder that has foreign files in the place of the results.
fn may_write(out: &Path) -> Result<(), ExpectedError> {
    ours::look(&out.join(PLANS), Place::Plans).map_err(FolderError::NotOurs)?;
    ours::may_write(&out.join("prove.json"), Kind::Proofs).map_err(FolderError::NotOurs)?;
    campaign_dir::may_write_reports(out).map_err(FolderError::NotOurs)?;
    Ok(())
}

fn write(registry: &Registry, out: &Path, cases: &[Case<'_>]) -> Result<(), ExpectedError> {
    let proofs: Vec<&Proof> = cases.iter().map(|case| &case.proof).collect();
    let write = || {
        // A plan of an earlier search must not be mistaken for one of this search.
        let plans = out.join(PLANS);
        ours::remove(&plans, Place::Plans)?;
        std::fs::create_dir_all(&plans)?;
        for case in cases {
            let (Some(plan), Some(check)) = (&case.smallest, &case.proof.check) else { continue };
            let defect = &case.proof.defect;
            let text = format!("# violates {check} with {defect} enabled\n{}", plan.to_toml());
            std::fs::write(plans.join(format!("{defect}.toml")), text)?;
        }
        let mut json = serde_json::to_string_pretty(&proofs)?;
        json.push('\n');
        ours::write(&out.join("prove.json"), Kind::Proofs, json)?;
        if !campaign_dir::has_only_proofs(out) {
            // The folder has a campaign, and its page shows the results after the next `report`.
            return Ok(());
        }
        let proofs: Vec<Proof> = proofs.into_iter().cloned().collect();
        campaign_dir::write_proofs(out, &proofs, &[], &registry.program)
    };
    write().map_err(|why: std::io::Error| {
        ExpectedError::Usage(format!("failed to write prove.json to {}: {why}", out.display()))
    })
}

/// Runs all open cases, in the order that finds most of them soonest.
fn search(engine: &mut Engine<'_>, cases: &mut [Case<'_>], nemeses: &[Nemesis]) {
    let has_seeds = nemeses != [Nemesis::Sweep];
    let sweeps = nemeses.contains(&Nemesis::Sweep);
    if nemeses.contains(&Nemesis::Script) {
        for index in 0..cases.len() {
            cases[index].scripts_that_must_find_it(engine);
            tell(engine, cases);
        }
    }
    for round in 0.. {
        if round == PROVE_ROUNDS_BEFORE_SWEEP && sweeps {
            for index in 0..cases.len() {
                cases[index].sweep(engine, nemeses);
                tell(engine, cases);
            }
        }
        let has_more = has_seeds || round < PROVE_ROUNDS_BEFORE_SWEEP;
        if engine.is_over() || !has_more || !cases.iter().any(Case::is_open) {
            break;
        }
        for index in 0..cases.len() {
            if has_seeds && cases[index].is_open() {
                cases[index].round(engine, nemeses);
                tell(engine, cases);
            }
        }
    }
    if !engine.is_over() {
        // Everything was tried.
        cases.iter_mut().for_each(Case::give_up);
        tell(engine, cases);
    }
}

/// Confirms the hits, and reports each settled case once.
fn tell(engine: &mut Engine<'_>, cases: &mut [Case<'_>]) {
    for index in 0..cases.len() {
        let case = &mut cases[index];
        case.confirm(engine);
        if case.is_told || !case.is_settled() {
            continue;
        }
        case.is_told = true;
        let line = matrix::line(&case.proof);
        let found = cases.iter().filter(|case| case.proof.found).count();
        let open = cases.iter().filter(|case| !case.is_settled()).count();
        engine.settled(line.trim_end(), &format!("{found} found, {open} open"));
    }
}

fn cases<'a>(registry: &'a Registry, args: &ProveArgs) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for target in &registry.targets {
        let scenarios: Vec<&Scenario> =
            registry.scenarios.iter().filter(|scenario| scenario.target() == target.name).collect();
        let wanted = |defect: &&Defect| {
            args.filter.as_deref().is_none_or(|filter| filter == target.name || filter == defect.id)
        };
        cases.extend(target.defects.iter().filter(wanted).map(|defect| {
            let settings = Settings {
                db: args.db.name().to_owned(),
                defect: Some(defect.id.to_owned()),
                out: None,
            };
            let catch = if args.any_check { Catch::AnyCheck } else { Catch::OfCatalogue };
            Case::new(target, defect, scenarios.clone(), settings, args.runs, catch)
        }));
    }
    cases
}
