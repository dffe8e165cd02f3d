//! A campaign: many runs, their order, and the runs that follow from their results.

use std::{collections::BTreeMap, ops::ControlFlow, path::PathBuf};

use chaosdrill_core::{
    Campaign, Record, RunId, Verdict, duration,
    record::{CampaignHeader, CampaignMeasured, Cut, Extent, RECORD_VERSION, SweepRecord},
};

use crate::{
    campaign_dir::{Folder, folder::Unfinished},
    git,
    job::Done,
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
    /// Everything that was recorded.
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
    known: BTreeMap<RunId, Done>,
    stopwatch: Stopwatch,
    progress: &mut dyn Progress,
) -> CampaignEnd {
    let out = folder.path().to_owned();
    let settings = config.settings(Some(out.clone()));
    let enough = Enough { findings: config.fail_max, time: config.time };
    let mut engine = Engine::new(registry, config.workers, enough, stopwatch, progress)
        .writing_to(folder, known);
    let mut done: BTreeMap<RunId, Done> = BTreeMap::new();
    let mut take = |new: Done| drop(done.insert(new.record.run.clone(), new));
    let (mut sweeps, mut extent) = (sweeps(roots, config), extent(roots));
    engine.orders(&extent);
    engine.stream(roots.jobs(), |_, new| {
        take(new);
        ControlFlow::Continue(())
    });
    let elsewhere = roots.swept_elsewhere();
    sweep::run(&mut engine, &settings, &mut sweeps, &elsewhere, &mut extent, &mut take);
    if engine.is_over() {
        // Runs that were recorded earlier and not reached this time are recorded too.
        engine.take_known().for_each(&mut take);
    }
    triage_begins(&mut engine, &done, config.may_shrink);
    triage::all(&mut engine, &mut done, &out, config.may_shrink);
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
    for done in done.values().filter(|_| has_ended) {
        *extent.recorded.entry(done.record.run.scenario.clone()).or_default() += 1;
    }
    let mut campaign = Campaign {
        header: header(registry, config, roots),
        records: done.into_values().map(|done| done.record).collect(),
        sweeps,
        extent,
        measured: has_ended.then_some(measured),
    };
    let unfinished = folder.finish(&campaign).err();
    if let Some(why) = &unfinished {
        progress.complain(&why.to_string());
        if let Unfinished::Lines(_) = why {
            campaign.extent.cut.push(Cut::Disk(why.to_string()));
        }
    }
    CampaignEnd { campaign, broken, unfinished }
}

/// Tells the engine how many violations the triage replays, and how many plans it shrinks.
fn triage_begins(engine: &mut Engine<'_>, done: &BTreeMap<RunId, Done>, may_shrink: bool) {
    let triage = |record: &Record| record.triage.clone();
    let is_open = |record: &&Record| record.verdict == Verdict::Invalid && triage(record).is_none();
    let records = || done.values().map(|done| &done.record);
    let is_large = |run: &&RunId| {
        triage(&done[*run].record).is_none_or(|it| it.same_again && it.minimal.is_none())
    };
    let plans = triage::chosen(records()).iter().filter(is_large).count();
    let replays = records().filter(is_open).count() as u64;
    engine.triage_begins(replays, if may_shrink { plans as u64 } else { 0 });
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
