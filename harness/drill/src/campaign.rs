//! Many runs: which there are, and running them with a record of each.

use std::{
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use chaosdrill_core::{
    Campaign, Plan, Record, RunId, Seed, Verdict,
    record::{CampaignHeader, CampaignMeasured, RECORD_VERSION},
};
use chaosdrill_rt::sim;

use crate::{
    crew::{self, JobEnd, Workers},
    files::Folder,
    measure::Stopwatch,
    registry::Registry,
    run::Job,
    scenario::Scenario,
};

/// What a campaign was asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// Part of the names of the scenarios to run.
    pub(crate) filter: Option<String>,
    /// The seeds.
    pub(crate) seeds: Vec<Seed>,
    /// The seeds as they were asked for.
    pub(crate) seeds_text: String,
    /// Whether the seeds are at least the default ones.
    pub(crate) enough_seeds: bool,
    /// The database.
    pub(crate) db: String,
    /// The planted defect to switch on.
    pub(crate) defect: Option<String>,
    /// Worker processes.
    pub(crate) workers: Workers,
    /// Findings after which no more runs are begun.
    pub(crate) fail_max: Option<u64>,
    /// Wall-clock time after which no more runs are begun.
    pub(crate) time_budget: Option<Duration>,
}

/// A plan that is kept in the repository, and runs before everything else.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The file.
    pub(crate) path: PathBuf,
    /// The plan.
    pub(crate) plan: Plan,
}

/// Why a campaign cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanFileError {
    #[error("failed to read the plan {path}: {why}")]
    Unreadable { path: String, why: io::Error },
    #[error("{path} is no plan for this program: {why}")]
    Wrong { path: String, why: String },
}

/// Reads a plan file and checks that this program can run it.
pub(crate) fn read_plan(registry: &Registry, path: &Path) -> Result<Plan, PlanFileError> {
    let name = || path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|why| PlanFileError::Unreadable { path: name(), why })?;
    let wrong = |why: String| PlanFileError::Wrong { path: name(), why };
    let plan = Plan::from_toml(&text).map_err(|why| wrong(why.to_string()))?;
    check_plan(registry, &plan).map_err(wrong)?;
    Ok(plan)
}

/// Checks a plan against the scenario it names: hosts, and failpoints. Other sites show only in a run.
pub(crate) fn check_plan(registry: &Registry, plan: &Plan) -> Result<(), String> {
    let Some(scenario) = registry.scenario(&plan.scenario) else {
        let hint = registry.scenario_hint(&plan.scenario);
        return Err(format!("no scenario `{}`{hint}", plan.scenario));
    };
    plan.validate_hosts(&scenario.make_topology().host_names()).map_err(|why| why.to_string())?;
    let known = registry.failpoints_of(scenario);
    for (index, fault) in plan.faults.iter().enumerate() {
        let chaosdrill_core::At::Boundary { site, .. } = &fault.at else { continue };
        let Some(name) = site.strip_prefix("fp:") else { continue };
        if !known.contains(&name) {
            let hint = chaosdrill_core::nearest::hint(name, known.iter().copied());
            return Err(format!("fault {}: no failpoint `{name}`{hint}", index + 1));
        }
    }
    Ok(())
}

/// The plans kept beside the crate's manifest, by file name.
pub(crate) fn kept_plans(
    registry: &Registry,
    filter: Option<&str>,
) -> Result<Vec<Kept>, PlanFileError> {
    let Some(folder) = registry.regressions_dir() else { return Ok(Vec::new()) };
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    let mut kept = Vec::new();
    for path in paths {
        let plan = read_plan(registry, &path)?;
        if filter.is_none_or(|filter| plan.scenario.contains(filter)) {
            kept.push(Kept { path, plan });
        }
    }
    Ok(kept)
}

/// The id of a run of a scenario's script.
pub(crate) fn script_run(scenario: &Scenario, seed: Seed, db: &str, defect: Option<&str>) -> RunId {
    RunId {
        scenario: scenario.name().to_owned(),
        nemesis: "script".to_owned(),
        seed,
        db: db.to_owned(),
        simulator: sim::SIMULATOR.to_owned(),
        defect: defect.map(str::to_owned),
    }
}

/// The plan of a run, with the place where it is found.
pub(crate) fn plan_of(run: &RunId, mut plan: Plan) -> Plan {
    plan.found = Some(chaosdrill_core::Found {
        simulator: run.simulator.clone(),
        db: run.db.clone(),
        defect: run.defect.clone(),
    });
    plan
}

/// All jobs of an order: kept plans first, then the scripts, seed by seed.
pub(crate) fn jobs(
    registry: &Registry,
    order: &Order,
    kept: &[Kept],
    out: Option<&Path>,
) -> Vec<Job> {
    let bundle = |run: &RunId| out.map(|out| out.join(run.folder()));
    let of_kept = kept.iter().map(|kept| {
        let stem = kept.path.file_stem().unwrap_or_default().to_string_lossy();
        let run = RunId {
            scenario: kept.plan.scenario.clone(),
            nemesis: format!("kept-{stem}"),
            seed: kept.plan.seed,
            db: order.db.clone(),
            simulator: sim::SIMULATOR.to_owned(),
            defect: order.defect.clone(),
        };
        Job { bundle: bundle(&run), plan: kept.plan.clone(), run, trace: None }
    });
    let scenarios = registry.select(order.filter.as_deref());
    let of_scripts = order.seeds.iter().flat_map(|seed| {
        scenarios.iter().map(|scenario| {
            let run = script_run(scenario, *seed, &order.db, order.defect.as_deref());
            Job {
                bundle: bundle(&run),
                plan: plan_of(&run, scenario.script(*seed)),
                run,
                trace: None,
            }
        })
    });
    of_kept.chain(of_scripts).collect()
}

/// What a campaign announces.
pub(crate) fn header(registry: &Registry, order: &Order) -> CampaignHeader {
    CampaignHeader {
        version: RECORD_VERSION,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        simulator: sim::SIMULATOR.to_owned(),
        db: order.db.clone(),
        defect: order.defect.clone(),
        seeds: order.seeds_text.clone(),
        nemeses: vec!["script".to_owned()],
        partition: None,
        program: registry.program.clone(),
        whole: order.filter.is_none() && order.enough_seeds && order.time_budget.is_none(),
        scenarios: registry
            .select(order.filter.as_deref())
            .into_iter()
            .map(Scenario::record)
            .collect(),
    }
}

/// Who is told how a campaign goes.
pub(crate) trait Progress {
    /// A run is over.
    fn run_is_over(&mut self, record: &Record);
    /// Something of the harness went wrong that does not change a verdict.
    fn complain(&mut self, complaint: &str);
}

/// How a campaign ended.
pub(crate) struct CampaignEnd {
    /// All that was recorded.
    pub(crate) campaign: Campaign,
    /// Where the harness itself failed, in words.
    pub(crate) broken: Vec<String>,
}

/// Runs all jobs, writing each record as it comes.
pub(crate) fn run(
    registry: &Registry,
    order: &Order,
    header: CampaignHeader,
    jobs: &[Job],
    folder: &mut Folder,
    progress: &mut dyn Progress,
) -> CampaignEnd {
    let stopwatch = Stopwatch::start();
    let mut records = Vec::new();
    let mut broken = Vec::new();
    let mut findings = 0;
    crew::run_all(registry, jobs, order.workers, |index, end| {
        match end {
            JobEnd::Recorded { record, complaints } => {
                complaints.iter().for_each(|complaint| progress.complain(complaint));
                if let Err(why) = folder.record(&record) {
                    progress.complain(&format!("failed to append to campaign.jsonl: {why}"));
                }
                findings += u64::from(record.verdict == Verdict::Invalid);
                progress.run_is_over(&record);
                records.push(*record);
            }
            JobEnd::Broken { why } => {
                let why = format!("{}: {why}", jobs[index].run);
                progress.complain(&why);
                broken.push(why);
            }
        }
        let enough = order.fail_max.is_some_and(|most| findings >= most);
        let late = order.time_budget.is_some_and(|budget| stopwatch.elapsed() >= budget);
        if enough || late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    records.sort_by(|a, b| a.run.cmp(&b.run));
    let wall_ms = u64::try_from(stopwatch.elapsed().as_millis()).unwrap_or(u64::MAX);
    let jobs = u32::try_from(order.workers.count).unwrap_or(u32::MAX);
    let measured = Some(CampaignMeasured { wall_ms, jobs, commit: None });
    let campaign = Campaign { header, records, sweeps: Vec::new(), measured };
    if let Err(why) = folder.finish(&campaign) {
        progress.complain(&format!("failed to write the reports: {why}"));
    }
    CampaignEnd { campaign, broken }
}
