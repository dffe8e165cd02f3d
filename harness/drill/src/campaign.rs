//! Many runs: which there are, in which order, and what follows from what they show.
//!
//! The roots of a campaign are kept plans, then scripts and swarms seed by seed, then sweeps. What a root leads to,
//! such as the points of a sweep or the smallest plan of a violation, stays with it, so that the shards of a campaign
//! add up to the whole.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use chaosdrill_core::{
    Campaign, Record, RunId, Seed,
    record::{CampaignHeader, CampaignMeasured, RECORD_VERSION, SweepRecord},
};
use chaosdrill_rt::sim;

use crate::{
    crew::Workers,
    files::Folder,
    interrupt,
    nemesis::{Nemesis, Settings},
    registry::Registry,
    run::Job,
    scenario::Scenario,
};

pub(crate) mod engine;
pub(crate) mod kept;
pub(crate) mod partition;
pub(crate) mod pursue;
pub(crate) mod sweep;

use engine::{Done, Engine, Enough, Progress};
use kept::Kept;
use partition::Partition;
use sweep::{Depth, Sweep};

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
    /// What draws faults.
    pub(crate) nemeses: Vec<Nemesis>,
    /// How far sweeps go.
    pub(crate) depth: Depth,
    /// Which part of the roots.
    pub(crate) partition: Option<Partition>,
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
    /// Whether violations are made smaller.
    pub(crate) may_shrink: bool,
}

impl Order {
    pub(crate) fn settings(&self, out: Option<PathBuf>) -> Settings {
        Settings { db: self.db.clone(), defect: self.defect.clone(), out }
    }
}

/// Where everything else of a campaign hangs on.
enum Root<'a> {
    Job(Box<Job>),
    Sweep(Box<Sweep<'a>>),
}

fn roots<'a>(
    registry: &'a Registry,
    order: &Order,
    settings: &Settings,
    kept: &[Kept],
) -> Vec<Root<'a>> {
    let job = |job: Job| Root::Job(Box::new(job));
    let mut roots: Vec<Root<'a>> =
        kept_jobs(registry, settings, kept).into_iter().map(job).collect();
    let scenarios: Vec<&Scenario> = registry.select(order.filter.as_deref());
    for seed in &order.seeds {
        for scenario in &scenarios {
            if order.nemeses.contains(&Nemesis::Script) {
                roots.push(job(settings.script(scenario, *seed)));
            }
            if order.nemeses.contains(&Nemesis::Swarm) {
                roots.push(job(settings.swarm(scenario, *seed)));
            }
        }
    }
    if order.nemeses.contains(&Nemesis::Sweep)
        && let Some(seed) = order.seeds.first()
    {
        let sweep = |scenario| Root::Sweep(Box::new(Sweep::new(scenario, *seed, order.depth)));
        roots.extend(scenarios.into_iter().map(sweep));
    }
    match order.partition {
        Some(partition) => partition.part_of(roots),
        None => roots,
    }
}

fn kept_jobs(registry: &Registry, settings: &Settings, kept: &[Kept]) -> Vec<Job> {
    let job = |kept: &Kept| {
        let scenario = registry.scenario(&kept.plan.scenario)?;
        Some(settings.kept(scenario, &kept.stem(), kept::as_required(kept.plan.clone())))
    };
    kept.iter().filter_map(job).collect()
}

/// The runs of an order that do not hang on others: kept plans, scripts and swarms.
pub(crate) fn root_jobs(registry: &Registry, order: &Order, kept: &[Kept]) -> Vec<Job> {
    let roots = roots(registry, order, &order.settings(None), kept).into_iter();
    let job = |root| match root {
        Root::Job(job) => Some(*job),
        Root::Sweep(_) => None,
    };
    roots.filter_map(job).collect()
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
        nemeses: order.nemeses.iter().map(|nemesis| nemesis.name().to_owned()).collect(),
        partition: order.partition.map(|partition| partition.to_string()),
        program: registry.program.clone(),
        whole: order.filter.is_none()
            && order.enough_seeds
            && order.time_budget.is_none()
            && order.nemeses.contains(&Nemesis::Script),
        failpoints: registry.failpoints_to_pass(order.filter.as_deref()),
        exercises: registry.exercises_of(order.filter.as_deref()),
        scenarios: registry
            .select(order.filter.as_deref())
            .into_iter()
            .map(Scenario::record)
            .collect(),
    }
}

/// How a campaign ended.
pub(crate) struct CampaignEnd {
    /// All that was recorded.
    pub(crate) campaign: Campaign,
    /// Where the harness itself failed, in words.
    pub(crate) broken: Vec<String>,
}

/// Runs everything an order asks for, writing each record as it comes.
pub(crate) fn run(
    registry: &Registry,
    order: &Order,
    kept: &[Kept],
    folder: &mut Folder,
    known: BTreeMap<RunId, Done>,
    progress: &mut dyn Progress,
) -> CampaignEnd {
    let out = folder.path().to_owned();
    let header = header(registry, order);
    let settings = order.settings(Some(out.clone()));
    let enough = Enough { findings: order.fail_max, time: order.time_budget };
    let mut engine =
        Engine::new(registry, order.workers, enough, progress).writing_to(folder, known);
    let (mut jobs, mut sweeps) = (Vec::new(), Vec::new());
    for root in roots(registry, order, &settings, kept) {
        match root {
            Root::Job(job) => jobs.push(*job),
            Root::Sweep(sweep) => sweeps.push(*sweep),
        }
    }
    let mut done: BTreeMap<RunId, Done> = BTreeMap::new();
    let mut take = |new: Done| drop(done.insert(new.record.run.clone(), new));
    engine.batch(&jobs).into_iter().flatten().for_each(&mut take);
    sweep::run(&mut engine, &settings, &mut sweeps, &mut take);
    pursue::all(&mut engine, &mut done, &out, order.may_shrink);
    let is_broken_off = interrupt::was_asked_for();
    let wall_ms = u64::try_from(engine.elapsed().as_millis()).unwrap_or(u64::MAX);
    let broken = std::mem::take(&mut engine.broken);
    drop(engine);
    let jobs = u32::try_from(order.workers.count).unwrap_or(u32::MAX);
    let mut sweeps: Vec<SweepRecord> = sweeps.into_iter().map(Sweep::into_record).collect();
    sweeps.sort();
    let records: Vec<Record> = done.into_values().map(|done| done.record).collect();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let cores = jobs.min(u32::try_from(cores).unwrap_or(u32::MAX));
    let measured = CampaignMeasured { wall_ms, jobs, cores, commit: commit() };
    let measured = (!is_broken_off).then_some(measured);
    let campaign = Campaign { header, records, sweeps, measured };
    if let Err(why) = folder.finish(&campaign, !is_broken_off) {
        progress.complain(&format!("failed to write the reports: {why}"));
    }
    CampaignEnd { campaign, broken }
}

/// The commit that is checked out, where somebody says so.
pub(crate) fn commit() -> Option<String> {
    let git = std::process::Command::new("git").args(["rev-parse", "HEAD"]).output().ok()?;
    let text = String::from_utf8(git.stdout).ok()?;
    let is_hash = |text: &str| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    Some(text.trim().to_owned()).filter(|text| is_hash(text))
}
