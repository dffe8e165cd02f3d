//! A campaign: many runs, their order, and the runs that follow from their results.

use std::{ops::ControlFlow, path::PathBuf};

use chaosdrill_core::{
    Campaign, RunId, Verdict, duration,
    record::{CampaignHeader, CampaignMeasured, Cut, Extent, RECORD_VERSION, SweepRecord},
};

use crate::{
    campaign_dir::{End, Entry, Folder, Unfinished},
    git,
    measure::Stopwatch,
    nemesis::{Nemesis, Settings},
    registry::Registry,
    scenario::Scenario,
    simulation,
    workers::Workers,
};

pub(crate) mod engine;
pub(crate) mod kept;
pub(crate) mod partition;
pub(crate) mod roots;
pub(crate) mod sweep;
pub(crate) mod triage;

use engine::{Engine, Enough, Progress, TimeLimit};
use kept::Kept;
use partition::Partition;
use roots::{Roots, Seeds};
use sweep::{Depth, Sweep};
use triage::Chosen;

/// The configuration of a campaign.
#[derive(Clone, Debug)]
pub(crate) struct CampaignConfig {
    /// Runs only the scenarios whose name contains this.
    pub(crate) filter: Option<String>,
    /// The seeds.
    pub(crate) seeds: Seeds,
    /// The seeds as text: one seed, or a range.
    pub(crate) seeds_text: String,
    /// Whether there are at least as many seeds as by default.
    pub(crate) enough_seeds: bool,
    /// The nemeses that draw faults.
    pub(crate) nemeses: Vec<Nemesis>,
    /// How deep sweeps go.
    pub(crate) depth: Depth,
    /// The part of the roots that is run; `None` for all of them.
    pub(crate) partition: Option<Partition>,
    /// The database.
    pub(crate) db: String,
    /// The planted defect to enable.
    pub(crate) defect: Option<String>,
    /// Worker processes.
    pub(crate) workers: Workers,
    /// Number of findings after which no more runs start.
    pub(crate) fail_max: Option<u64>,
    /// Wall-clock time after which no more runs start.
    pub(crate) time: Option<TimeLimit>,
    /// Whether the plans of violations are shrunk.
    pub(crate) may_shrink: bool,
}

impl CampaignConfig {
    pub(crate) fn settings(&self, out: Option<PathBuf>) -> Settings {
        Settings { db: self.db.clone(), defect: self.defect.clone(), out }
    }
}

/// The header of a campaign: its configuration, as it is recorded.
pub(crate) fn header(
    registry: &Registry,
    config: &CampaignConfig,
    roots: &Roots<'_>,
) -> CampaignHeader {
    CampaignHeader {
        version: RECORD_VERSION,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        simulator: simulation::SIMULATOR.to_owned(),
        db: config.db.clone(),
        defect: config.defect.clone(),
        seeds: config.seeds_text.clone(),
        nemeses: config.nemeses.iter().map(|nemesis| nemesis.name().to_owned()).collect(),
        partition: config.partition.map(|partition| partition.to_string()),
        program: registry.program.clone(),
        whole: config.filter.is_none()
            && config.enough_seeds
            && config.nemeses.contains(&Nemesis::Script),
        failpoints: registry.failpoints_to_pass(config.filter.as_deref()),
        goals: registry.goals_of(config.filter.as_deref()),
        kept: roots.kept().map(Kept::record).collect(),
        scenarios: registry
            .select(config.filter.as_deref())
            .into_iter()
            .map(Scenario::record)
            .collect(),
    }
}

/// The result of a campaign.
pub(crate) struct CampaignEnd {
    /// What its runs add up to; the folder has their records.
    pub(crate) campaign: Campaign,
    /// Failures of the harness itself, as text.
    pub(crate) broken: Vec<String>,
    /// What could not be written at the end.
    pub(crate) unfinished: Option<Unfinished>,
}

/// Runs a campaign and writes each record as soon as its run ends. The campaign's time counts from the start of the
/// stopwatch.
pub(crate) fn run(
    registry: &Registry,
    config: &CampaignConfig,
    roots: &Roots<'_>,
    folder: &mut Folder,
    stopwatch: Stopwatch,
    progress: &mut dyn Progress,
) -> CampaignEnd {
    let out = folder.path().to_owned();
    let settings = config.settings(Some(out.clone()));
    let enough = Enough { findings: config.fail_max, time: config.time };
    let mut engine =
        Engine::new(registry, config.workers, enough, stopwatch, progress).writing_to(folder);
    let (mut sweeps, mut extent) = (sweeps(roots, config), extent(roots));
    engine.orders(&extent);
    engine.stream(roots.jobs(), |_, _| ControlFlow::Continue(()));
    let elsewhere = roots.swept_elsewhere();
    sweep::run(&mut engine, &settings, &mut sweeps, &elsewhere, &mut extent);
    engine.runs_end();
    let chosen = triage_begins(&mut engine, config.may_shrink);
    triage::all(&mut engine, &chosen, &out, config.may_shrink);
    extent.cut = engine.cuts();
    let wall_ms = u64::try_from(engine.elapsed().as_millis()).unwrap_or(u64::MAX);
    let runs = Some(engine.new_runs());
    let broken = std::mem::take(&mut engine.broken);
    drop(engine);
    let jobs = u32::try_from(config.workers.count).unwrap_or(u32::MAX);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let cores = jobs.min(u32::try_from(cores).unwrap_or(u32::MAX));
    let started = Some(duration::date(stopwatch.started()));
    let measured = CampaignMeasured { wall_ms, jobs, cores, runs, started, commit: git::head() };
    // An interrupted campaign may be resumed, so the hits of its sweeps must not be lost.
    let has_ended = !extent.cut.contains(&Cut::Interrupted);
    let mut sweeps: Vec<SweepRecord> = sweeps.into_iter().map(Sweep::into_record).collect();
    sweeps.sort();
    if has_ended {
        folder.sort();
        extent.recorded = folder.records().index().ran().by_scenario;
    }
    let header = header(registry, config, roots);
    let measured = has_ended.then_some(measured);
    let (campaign, unfinished) = folder.finish(&End { header, sweeps, extent, measured });
    if let Some(why) = &unfinished {
        progress.complain(&why.to_string());
    }
    CampaignEnd { campaign, broken, unfinished }
}

/// Chooses the runs whose plans are shrunk, and tells the engine how many violations the triage replays.
fn triage_begins(engine: &mut Engine<'_>, may_shrink: bool) -> Vec<RunId> {
    let (mut chosen, mut runs, mut plans) = (Chosen::default(), Vec::new(), 0);
    for entry in engine.entries(|entry| entry.verdict() == Verdict::Invalid) {
        let Some(record) = engine.recorded(&entry) else { continue };
        if chosen.add(&record) {
            let triage = record.triage.as_ref();
            let is_large = triage.is_none_or(|it| it.same_again && it.minimal.is_none());
            plans += u64::from(is_large);
            runs.push(record.run);
        }
    }
    let replays = engine.entries(Entry::is_open).len() as u64;
    engine.triage_begins(replays, if may_shrink { plans } else { 0 });
    runs
}

/// The sweeps of a campaign.
fn sweeps<'a>(roots: &Roots<'a>, config: &CampaignConfig) -> Vec<Sweep<'a>> {
    let Some(seed) = config.seeds.first() else { return Vec::new() };
    roots.swept().map(|scenario| Sweep::new(scenario, seed, config.depth)).collect()
}

/// The number of runs that are ordered before anything has run.
pub(crate) fn extent(roots: &Roots<'_>) -> Extent {
    let open_sweeps = roots.swept().count() as u64;
    Extent { ordered: roots.ordered(), open_sweeps, ..Extent::default() }
}
