//! The sweep of a scenario: its calm run without faults, then single faults, then faults during recovery, then pairs.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    ops::ControlFlow,
    sync::Arc,
};

use chaosdrill_core::{
    Arena, Fault, HitClass, Plan, Seed,
    limits::{SWEEP_FRESH_MAX, SWEEP_PAIRS_MAX, SWEEP_POINTS_DEFAULT},
    record::{Extent, SweepRecord},
    sweep::{self, Points, Tried},
};

use crate::{
    campaign::engine::Engine,
    job::{Done, Job, Wanted},
    nemesis::{Nemesis, Settings},
    scenario::Scenario,
};

/// How deep a sweep goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Depth {
    /// Maximum number of single faults.
    points_max: usize,
    /// Maximum number of runs with a second fault at a boundary that is hit only under the first.
    fresh_max: usize,
    /// Maximum number of pairs.
    pairs_max: usize,
}

impl Depth {
    /// The default sweep, if none is requested by name: the most important faults.
    pub(crate) const SHALLOW: Self =
        Self { points_max: SWEEP_POINTS_DEFAULT, fresh_max: 0, pairs_max: 0 };
    /// All single faults, then boundaries that are hit only under them, then pairs.
    pub(crate) const FULL: Self =
        Self { points_max: usize::MAX, fresh_max: SWEEP_FRESH_MAX, pairs_max: SWEEP_PAIRS_MAX };
}

/// The sweep of one scenario from one seed.
pub(crate) struct Sweep<'a> {
    scenario: &'a Scenario,
    arena: Arena,
    seed: Seed,
    depth: Depth,
    /// Classes of hits that are already swept.
    known: BTreeSet<u64>,
    tried: Tried,
    singles: Vec<Fault>,
    /// The number of the first run with a single fault.
    first_single: usize,
    /// The hits that the runs with single faults return.
    wanted: Wanted,
    /// The points of the latest jobs.
    points: Points,
    next: usize,
    record: SweepRecord,
}

impl<'a> Sweep<'a> {
    pub(crate) fn new(scenario: &'a Scenario, seed: Seed, depth: Depth) -> Self {
        Self {
            scenario,
            arena: scenario.arena(),
            seed,
            depth,
            known: BTreeSet::new(),
            tried: Tried::default(),
            singles: Vec::new(),
            first_single: 0,
            wanted: Wanted::None,
            points: Points::default(),
            next: 0,
            record: SweepRecord {
                scenario: scenario.name().to_owned(),
                seed,
                same_as: None,
                boundaries: 0,
                space: 0,
                equivalent: 0,
                singles: 0,
                under_faults: 0,
                during_recovery: 0,
                pairs: 0,
                left_out: 0,
                client_sites: Vec::new(),
            },
        }
    }

    /// Whether the sweep plans more runs after the results of its single faults.
    fn plans_more(&self) -> bool {
        self.record.same_as.is_none() && (self.depth.fresh_max > 0 || self.depth.pairs_max > 0)
    }

    /// The coverage of the sweep.
    pub(crate) fn into_record(self) -> SweepRecord {
        self.record
    }

    /// The calm run, from which all other runs derive.
    pub(crate) fn calm(&mut self, settings: &Settings) -> Job {
        let job = self.job(settings, Vec::new());
        Job { wanted: Wanted::All, ..job }
    }

    /// One run for each single fault at the boundaries of the calm run.
    pub(crate) fn singles(&mut self, settings: &Settings, calm: &Done) -> Vec<Job> {
        let singles = self.plan_singles(calm);
        (0..singles).map(|place| self.single(settings, place)).collect()
    }

    /// Plans the single faults at the boundaries of the calm run, and returns their number.
    fn plan_singles(&mut self, calm: &Done) -> usize {
        let is_ours = |class: &&HitClass| self.arena.hosts.contains(&class.host);
        let ours: Vec<&HitClass> = calm.hit_classes.iter().filter(is_ours).collect();
        self.record.boundaries = ours.iter().map(|class| u64::from(class.count)).sum();
        self.record.client_sites = self.client_sites(&calm.hit_classes);
        self.known = calm.hit_classes.iter().map(HitClass::class).collect();
        let points = sweep::points(&calm.hit_classes, &self.arena, &mut self.tried);
        let points = points.and(sweep::clocks(&self.arena));
        (self.record.space, self.record.equivalent) = (points.space, points.equivalent());
        let order = sweep::spread(std::slice::from_ref(&points));
        self.record.left_out += order.len().saturating_sub(self.depth.points_max) as u64;
        let order = order.into_iter().take(self.depth.points_max);
        self.points = points.picked(order.map(|(_, place)| place));
        let faults = self.points.faults.clone();
        self.record.singles = faults.len() as u64;
        self.singles.clone_from(&faults);
        self.wanted = match self.depth.fresh_max {
            0 => Wanted::None,
            _ => Wanted::New(Arc::new(self.known.iter().copied().collect())),
        };
        (self.first_single, self.next) = (self.next, self.next + faults.len());
        faults.len()
    }

    /// The run with the single fault at this place.
    fn single(&self, settings: &Settings, place: usize) -> Job {
        let faults = vec![self.singles[place].clone()];
        let job = self.job_at(settings, self.first_single + place, faults);
        Job { wanted: self.wanted.clone(), ..job }
    }

    /// The sites that only clients passed, sorted.
    fn client_sites(&self, hit_classes: &[HitClass]) -> Vec<String> {
        let of = |is_struck: bool| -> BTreeSet<&String> {
            let is_it = |class: &&HitClass| self.arena.hosts.contains(&class.host) == is_struck;
            hit_classes.iter().filter(is_it).map(|class| &class.site).collect()
        };
        of(false).difference(&of(true)).map(|site| (*site).clone()).collect()
    }

    /// The faults of the latest jobs, in order.
    pub(crate) fn points(&self) -> &Points {
        &self.points
    }

    /// Runs with a second fault at each boundary that is hit only under a first fault, one for each act that fits.
    /// Boundaries that were swept before are skipped.
    pub(crate) fn under_faults(&mut self, settings: &Settings, fresh: &Fresh) -> Vec<Job> {
        let mut jobs = Vec::new();
        self.points = Points::default();
        for (index, hit_classes) in fresh.by_single() {
            let new = hit_classes.into_iter().filter(|class| self.known.insert(class.class()));
            let new: Vec<HitClass> = new.cloned().collect();
            self.record.under_faults += new.len() as u64;
            let first = self.singles[index].clone();
            let points = sweep::points(&new, &self.arena, &mut self.tried);
            for (second, context) in points.faults.into_iter().zip(points.contexts) {
                if self.record.during_recovery == self.depth.fresh_max as u64 {
                    self.record.left_out += 1;
                    continue;
                }
                self.record.during_recovery += 1;
                self.points.contexts.push(context);
                self.points.faults.push(second.clone());
                jobs.push(self.job(settings, vec![first.clone(), second]));
            }
        }
        jobs
    }

    /// Pairs of faults at the boundaries of the calm run.
    pub(crate) fn pairs(&mut self, settings: &Settings) -> Vec<Job> {
        let pairs = sweep::pairs(&self.singles, self.depth.pairs_max);
        self.record.pairs = pairs.len() as u64;
        pairs.into_iter().map(|pair| self.job(settings, pair.into())).collect()
    }

    fn job(&mut self, settings: &Settings, faults: Vec<Fault>) -> Job {
        self.next += 1;
        self.job_at(settings, self.next - 1, faults)
    }

    fn job_at(&self, settings: &Settings, point: usize, faults: Vec<Fault>) -> Job {
        let mut plan = Plan::new(self.scenario.name(), self.seed);
        plan.faults = faults;
        settings.sweep(self.scenario, point, plan)
    }
}

/// The hits that occurred only under single faults: for each class the first of these faults, by its place, and the
/// place of the hit in its run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fresh(BTreeMap<u64, (usize, usize, HitClass)>);

impl Fresh {
    /// The hits under these single faults.
    pub(crate) fn of(singles: &[Option<Done>]) -> Self {
        let mut fresh = Self::default();
        for (index, done) in singles.iter().enumerate() {
            done.iter().for_each(|done| fresh.add(index, done));
        }
        fresh
    }

    /// Adds the hits under the single fault at this place.
    fn add(&mut self, index: usize, done: &Done) {
        for (place, class) in done.hit_classes.iter().enumerate() {
            match self.0.entry(class.class()) {
                Entry::Occupied(known) if known.get().0 <= index => {}
                Entry::Occupied(mut known) => drop(known.insert((index, place, class.clone()))),
                Entry::Vacant(new) => drop(new.insert((index, place, class.clone()))),
            }
        }
    }

    /// The hits by the place of the single fault, in the order of the run.
    fn by_single(&self) -> BTreeMap<usize, Vec<&HitClass>> {
        let mut hits: Vec<_> = self.0.values().collect();
        hits.sort_by_key(|(index, place, _)| (*index, *place));
        let mut by_single: BTreeMap<usize, Vec<&HitClass>> = BTreeMap::new();
        for (index, _, class) in hits {
            by_single.entry(*index).or_default().push(class);
        }
        by_single
    }
}

/// Runs all sweeps stage by stage, and adds the planned runs to the extent. Which sweep
/// stands for which scenarios must not depend on the part of the campaign. So the calm runs of scenarios in other
/// parts that may stand for one of these are made here too, and recorded there. When no more runs start, no further
/// stage is planned: it would lack whatever this stage lacks.
pub(crate) fn run(
    engine: &mut Engine<'_>,
    settings: &Settings,
    sweeps: &mut [Sweep<'_>],
    elsewhere: &[&Scenario],
    extent: &mut Extent,
) {
    let calm: Vec<Job> = sweeps.iter_mut().map(|sweep| sweep.calm(settings)).collect();
    if calm.is_empty() {
        return;
    }
    plan(engine, extent, calm.len(), sweeps.len());
    let mut calm = engine.batch(&calm);
    if engine.is_over() {
        return;
    }
    let elsewhere = calm_elsewhere(engine, settings, sweeps, elsewhere);
    leave_out_twins(sweeps, &mut calm, &elsewhere);
    let singles = sweeps.iter_mut().zip(&calm);
    let singles = singles.map(|(sweep, done)| done.as_ref().map_or(0, |it| sweep.plan_singles(it)));
    let singles: Vec<usize> = singles.collect();
    let goes_on = sweeps.iter().filter(|sweep| sweep.plans_more()).count();
    plan(engine, extent, singles.iter().sum(), goes_on);
    let fresh = run_singles(engine, settings, sweeps, &singles);
    if engine.is_over() || goes_on == 0 {
        return;
    }
    let deeper = sweeps.iter_mut().zip(&fresh);
    let deeper = deeper.flat_map(|(sweep, fresh)| sweep.under_faults(settings, fresh));
    let deeper: Vec<Job> = deeper.collect();
    plan(engine, extent, deeper.len(), goes_on);
    engine.stream(deeper.into_iter(), |_, _| ControlFlow::Continue(()));
    if engine.is_over() {
        return;
    }
    let pairs = sweeps.iter_mut().flat_map(|sweep| sweep.pairs(settings));
    let pairs: Vec<Job> = pairs.collect();
    plan(engine, extent, pairs.len(), 0);
    engine.stream(pairs.into_iter(), |_, _| ControlFlow::Continue(()));
}

/// Runs the single faults of all sweeps, of which these are the numbers. Returns the hits that only they had.
fn run_singles(
    engine: &mut Engine<'_>,
    settings: &Settings,
    sweeps: &[Sweep<'_>],
    singles: &[usize],
) -> Vec<Fresh> {
    let mut fresh = vec![Fresh::default(); sweeps.len()];
    let first = |sweep: usize| singles[..sweep].iter().sum::<usize>();
    let firsts: Vec<usize> = (0..sweeps.len()).map(first).collect();
    let jobs = sweeps
        .iter()
        .zip(singles)
        .flat_map(|(sweep, singles)| (0..*singles).map(|place| sweep.single(settings, place)));
    engine.stream(jobs, |index, done| {
        let sweep = firsts.partition_point(|first| *first <= index) - 1;
        fresh[sweep].add(index - firsts[sweep], &done);
        ControlFlow::Continue(())
    });
    fresh
}

/// Adds `runs` to the ordered runs; `open_sweeps` sweeps may plan more.
fn plan(engine: &mut Engine<'_>, extent: &mut Extent, runs: usize, open_sweeps: usize) {
    *extent.ordered.entry(Nemesis::Sweep.name().to_owned()).or_default() += runs as u64;
    extent.open_sweeps = open_sweeps as u64;
    engine.write_extent(extent);
    engine.orders(extent);
}

/// The calm runs of scenarios that other parts sweep, each with its digest.
fn calm_elsewhere<'a>(
    engine: &mut Engine<'_>,
    settings: &Settings,
    sweeps: &[Sweep<'_>],
    elsewhere: &[&'a Scenario],
) -> Vec<(&'a Scenario, String)> {
    let settings = Settings { out: None, ..settings.clone() };
    let Some(seed) = sweeps.first().map(|sweep| sweep.seed) else { return Vec::new() };
    let calm = |scenario: &&Scenario| settings.sweep(scenario, 0, Plan::new(scenario.name(), seed));
    let jobs: Vec<Job> = elsewhere.iter().map(calm).collect();
    let records = elsewhere.iter().zip(engine.aside(&jobs));
    records.filter_map(|(scenario, record)| Some((*scenario, record?.digest?))).collect()
}

/// Scenarios that differ only in their scripts have the same calm run; the first by name is swept for all.
pub(crate) fn leave_out_twins(
    sweeps: &mut [Sweep<'_>],
    calm: &mut [Option<Done>],
    elsewhere: &[(&Scenario, String)],
) {
    let digest = |done: &Option<Done>| done.as_ref().and_then(|done| done.record.digest.clone());
    let mut all: Vec<(&Scenario, String)> = elsewhere.to_vec();
    for (sweep, done) in sweeps.iter().zip(&*calm) {
        all.extend(digest(done).map(|digest| (sweep.scenario, digest)));
    }
    all.sort_by_key(|(scenario, _)| scenario.name());
    for (sweep, done) in sweeps.iter_mut().zip(calm) {
        let Some(digest) = digest(done) else { continue };
        let is_twin = |(scenario, other): &&(&Scenario, String)| {
            *other == digest && scenario.is_swept_as(sweep.scenario)
        };
        let first = all.iter().find(is_twin).map(|(scenario, _)| scenario.name());
        if let Some(first) = first.filter(|first| *first != sweep.scenario.name()) {
            sweep.record.same_as = Some(first.to_owned());
            *done = None;
        }
    }
}
