//! The search for one planted defect: its runs, its hit, and whether the defect causes the hit.

use std::collections::BTreeSet;

use chaosdrill_core::defect::{Defect, Shows};
use chaosdrill_core::{
    Plan, Record, Seed, Verdict,
    limits::{PROVE_CHUNK_RUNS, PROVE_ROUNDS_BEFORE_SWEEP, PROVE_SINGLES_BEFORE_FRESH},
    record::{Proof, ProofBy},
    sweep::{self as core_sweep, Points},
};

use crate::{
    campaign::{
        engine::Engine,
        sweep::{self, Depth, Fresh, Sweep},
        triage,
    },
    interrupt,
    job::{Done, Job},
    judge::harness_checks,
    nemesis::{Nemesis, Settings},
    registry::Target,
    scenario::Scenario,
};

/// The checks that can catch a defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Catch {
    /// Those that the catalogue names for it.
    OfCatalogue,
    /// Any; those of the catalogue first.
    AnyCheck,
}

/// One defect, and the state of the search for it.
pub(super) struct Case<'a> {
    defect: &'a Defect,
    scenarios: Vec<&'a Scenario>,
    settings: Settings,
    runs_max: u64,
    catch: Catch,
    /// Scenarios and checks that are violated without the defect too.
    alarms: BTreeSet<(String, String)>,
    /// Seeds of scripts and swarms that were tried.
    seeds: u64,
    hit: Option<Record>,
    is_over: bool,
    pub(super) is_told: bool,
    pub(super) proof: Proof,
    /// The smallest plan of the hit.
    pub(super) smallest: Option<Plan>,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        target: &Target,
        defect: &'a Defect,
        scenarios: Vec<&'a Scenario>,
        settings: Settings,
        runs_max: u64,
        catch: Catch,
    ) -> Self {
        Self {
            defect,
            scenarios,
            settings,
            runs_max,
            catch,
            alarms: BTreeSet::new(),
            seeds: 0,
            hit: None,
            is_over: false,
            is_told: false,
            proof: proof(target, defect),
            smallest: None,
        }
    }

    /// Whether the search goes on.
    pub(super) fn is_open(&self) -> bool {
        self.proof.by == ProofBy::Running
            && !self.is_over
            && !self.proof.found
            && self.proof.runs < self.runs_max
    }

    /// Whether the result is final: found and confirmed, or missed, or not searched for by running.
    pub(super) fn is_settled(&self) -> bool {
        !self.is_open() && (self.hit.is_none() || self.proof.minimal.is_some())
    }

    /// Whether this is the defect of a result.
    pub(super) fn is_of(&self, proof: &Proof) -> bool {
        (&self.proof.target, &self.proof.defect) == (&proof.target, &proof.defect)
    }

    /// Whether this search would take the result of an earlier one: a find by a check that counts here.
    pub(super) fn would_take(&self, proof: &Proof) -> bool {
        let counts = |check: &String| {
            self.catch == Catch::AnyCheck || self.defect.checks.contains(&check.as_str())
        };
        proof.found && !proof.open && proof.check.as_ref().is_some_and(counts)
    }

    /// Takes the result of an earlier search.
    pub(super) fn settle(&mut self, proof: Proof, smallest: Plan) {
        (self.is_over, self.is_told) = (true, true);
        (self.proof, self.smallest) = (proof, Some(smallest));
    }

    /// Ends the search; everything was tried.
    pub(super) fn give_up(&mut self) {
        self.is_over = true;
    }

    /// Counts a run; the first one that violates a check that can catch the defect is the hit.
    fn take(&mut self, record: &Record) {
        if !self.is_open() {
            return;
        }
        self.proof.runs += 1;
        self.proof.wall_us += record.measured.wall_us;
        if let Some(check) = self.caught_by(record) {
            self.proof.found = true;
            self.proof.check = Some(check.to_owned());
            self.proof.run = Some(record.run.clone());
            self.hit = Some(record.clone());
        }
        self.proof.also.extend(record.violated().map(str::to_owned));
    }

    fn caught_by<'r>(&self, record: &'r Record) -> Option<&'r str> {
        let of_catalogue = record.violated().find(|check| self.defect.checks.contains(check));
        let is_alarm =
            |check: &str| self.alarms.contains(&(record.run.scenario.clone(), check.to_owned()));
        let any =
            || record.violated().find(|check| self.catch == Catch::AnyCheck && !is_alarm(check));
        of_catalogue.or_else(any)
    }

    /// Runs the scripts of the scenarios that must find the defect by script alone.
    pub(super) fn scripts_that_must_find_it(&mut self, engine: &mut Engine<'_>) {
        let must = |scenario: &&&Scenario| scenario.must_find.contains(&self.defect.id);
        let scenarios: Vec<&Scenario> = self.scenarios.iter().filter(must).copied().collect();
        for seed in (0..PROVE_ROUNDS_BEFORE_SWEEP).map(Seed) {
            let script = |scenario: &&Scenario| self.settings.script(scenario, seed);
            let jobs: Vec<Job> = scenarios.iter().map(script).collect();
            if self.is_open() {
                self.run(engine, &jobs);
            }
        }
    }

    /// Runs the next seed of every scenario.
    pub(super) fn round(&mut self, engine: &mut Engine<'_>, nemeses: &[Nemesis]) {
        let seed = Seed(self.seeds);
        self.seeds += 1;
        let mut jobs = Vec::new();
        for scenario in &self.scenarios {
            if nemeses.contains(&Nemesis::Script) {
                jobs.push(self.settings.script(scenario, seed));
            }
            if nemeses.contains(&Nemesis::Swarm) {
                jobs.push(self.settings.swarm(scenario, seed));
            }
        }
        self.run(engine, &jobs);
    }

    /// Sweeps every scenario, the most promising faults first, until the defect is found.
    pub(super) fn sweep(&mut self, engine: &mut Engine<'_>, nemeses: &[Nemesis]) {
        if !self.is_open() || engine.is_over() {
            return;
        }
        let settings = self.settings.clone();
        let begin = |scenario: &&'a Scenario| Sweep::new(scenario, Seed(0), Depth::FULL);
        let mut sweeps: Vec<Sweep<'a>> = self.scenarios.iter().map(begin).collect();
        let calm: Vec<Job> = sweeps.iter_mut().map(|sweep| sweep.calm(&settings)).collect();
        let mut calm = self.run(engine, &calm);
        sweep::leave_out_twins(&mut sweeps, &mut calm, &[]);
        let singles = Spread::new(&mut sweeps, &calm, |sweep, calm| {
            calm.as_ref().map(|calm| sweep.singles(&settings, calm)).unwrap_or_default()
        });
        let mut done = singles.results();
        let (first, rest) =
            singles.jobs.split_at(singles.jobs.len().min(PROVE_SINGLES_BEFORE_FRESH));
        self.run_spread(engine, first.iter(), &mut done);
        let fresh = |sweep: &mut Sweep<'a>, done: &Vec<Option<Done>>| {
            sweep.under_faults(&settings, &Fresh::of(done))
        };
        let under_first = Spread::new(&mut sweeps, &done, fresh);
        // In turns, and in turns with more seeds: none of them is known to be the most effective.
        let mut ignored = under_first.results();
        let (mut rest, mut under) =
            (rest.chunks(PROVE_CHUNK_RUNS), under_first.jobs.chunks(PROVE_CHUNK_RUNS));
        loop {
            let turn = (rest.next(), under.next());
            self.run_spread(engine, turn.0.into_iter().flatten(), &mut done);
            self.run_spread(engine, turn.1.into_iter().flatten(), &mut ignored);
            self.round(engine, nemeses);
            if turn.0.is_none() && turn.1.is_none() || !self.is_open() || engine.is_over() {
                break;
            }
        }
        let under_rest = Spread::new(&mut sweeps, &done, fresh);
        self.run_spread(engine, under_rest.jobs.iter(), &mut under_rest.results());
        let pairs: Vec<Job> = sweeps.iter_mut().flat_map(|sweep| sweep.pairs(&settings)).collect();
        self.run(engine, &pairs);
    }

    /// Runs jobs until one of them is the hit. Results are counted in the order of the jobs, not of the workers, so
    /// that the counts are deterministic.
    fn run(&mut self, engine: &mut Engine<'_>, jobs: &[Job]) -> Vec<Option<Done>> {
        let mut results: Vec<Option<Done>> = vec![None; jobs.len()];
        let mut next = 0;
        while next < jobs.len() && self.is_open() && !engine.is_over() {
            let open: Vec<usize> = (next..jobs.len()).filter(|it| results[*it].is_none()).collect();
            let batch: Vec<Job> = open.iter().map(|index| jobs[*index].clone()).collect();
            let done = engine.batch_until(&batch, |record| self.caught_by(record).is_some());
            let is_hit = |done: &Done| self.caught_by(&done.record).is_some();
            let is_cut = done.iter().flatten().any(is_hit);
            for (index, done) in open.into_iter().zip(done) {
                results[index] = done;
            }
            while next < jobs.len() && self.is_open() {
                match &results[next] {
                    Some(done) => self.take(&done.record),
                    None if is_cut || engine.is_over() => break,
                    None => {}
                }
                self.drop_alarm(engine);
                next += 1;
            }
        }
        results
    }

    /// Drops a hit that the defect does not cause: a check outside the catalogue that is violated without it too.
    fn drop_alarm(&mut self, engine: &mut Engine<'_>) {
        let (Some(hit), Some(check)) = (&self.hit, &self.proof.check) else { return };
        if self.defect.checks.contains(&check.as_str()) {
            return;
        }
        let Some(plan) = triage::plan_of(engine.registry(), hit) else { return };
        let mut off = hit.run.clone();
        off.defect = None;
        let off = engine.aside(&[Job::new(off, Plan { found: None, ..plan })]).pop().flatten();
        if off.is_some_and(|off| off.violated().any(|violated| violated == check)) {
            self.alarms.insert((hit.run.scenario.clone(), check.clone()));
            (self.hit, self.proof.check, self.proof.run) = (None, None, None);
            self.proof.found = false;
        }
    }

    fn run_spread<'j>(
        &mut self,
        engine: &mut Engine<'_>,
        placed: impl Iterator<Item = &'j Placed>,
        results: &mut [Vec<Option<Done>>],
    ) {
        let placed: Vec<&Placed> = placed.collect();
        for chunk in placed.chunks(PROVE_CHUNK_RUNS) {
            let jobs: Vec<Job> = chunk.iter().map(|placed| placed.job.clone()).collect();
            for (placed, done) in chunk.iter().zip(self.run(engine, &jobs)) {
                results[placed.sweep][placed.place] = done;
            }
        }
    }

    /// Shrinks the plan of a hit, and runs it again with the defect disabled.
    pub(super) fn confirm(&mut self, engine: &mut Engine<'_>) {
        if self.proof.minimal.is_some() || interrupt::was_asked_for() {
            return;
        }
        let (Some(hit), Some(check)) = (&self.hit, self.proof.check.clone()) else { return };
        let Some(plan) = triage::plan_of(engine.registry(), hit) else { return };
        let smallest = triage::smallest(engine, &hit.run, &plan, &check).plan;
        let found = smallest.found.clone().or_else(|| plan.found.clone());
        self.smallest = Some(Plan { found, ..smallest.clone() });
        let mut off = hit.run.clone();
        off.defect = None;
        // Both the whole plan and the smallest: each violation must be caused by the defect.
        let jobs = [&plan, &smallest]
            .map(|plan| Job::new(off.clone(), Plan { found: None, ..plan.clone() }));
        let records = engine.aside(&jobs);
        let verdicts =
            records.iter().map(|record| record.as_ref().map_or(Verdict::Unknown, verdict_off));
        if interrupt::was_asked_for() {
            // The replays may be incomplete.
            return;
        }
        self.proof.clean = match verdicts.max() {
            Some(Verdict::Valid) => Some(true),
            Some(Verdict::Invalid) => Some(false),
            _ => None,
        };
        self.proof.minimal = Some(smallest.faults);
        self.proof.also.remove(&check);
    }
}

/// A job of one of several sweeps.
#[derive(Debug)]
struct Placed {
    sweep: usize,
    place: usize,
    job: Job,
}

/// A stage of all sweeps; its most promising jobs come first.
struct Spread {
    jobs: Vec<Placed>,
    counts: Vec<usize>,
}

impl Spread {
    fn new<'a, T>(
        sweeps: &mut [Sweep<'a>],
        before: &[T],
        stage: impl Fn(&mut Sweep<'a>, &T) -> Vec<Job>,
    ) -> Self {
        let with_before = sweeps.iter_mut().zip(before);
        let mut jobs: Vec<Vec<Option<Job>>> = with_before
            .map(|(sweep, before)| stage(sweep, before).into_iter().map(Some).collect())
            .collect();
        let counts = jobs.iter().map(Vec::len).collect();
        let points: Vec<&Points> = sweeps.iter().map(|sweep| sweep.points()).collect();
        let order = core_sweep::spread(&points).into_iter();
        let placed = order.filter_map(|(sweep, place)| {
            Some(Placed { sweep, place, job: jobs.get_mut(sweep)?.get_mut(place)?.take()? })
        });
        let jobs = placed.collect();
        Self { jobs, counts }
    }

    fn results(&self) -> Vec<Vec<Option<Done>>> {
        self.counts.iter().map(|count| vec![None; *count]).collect()
    }
}

fn proof(target: &Target, defect: &Defect) -> Proof {
    let by = match defect.shows {
        Shows::Running => ProofBy::Running,
        Shows::InStaticCheck => ProofBy::StaticCheck,
        Shows::OnPostgres => ProofBy::Postgres,
        Shows::Nowhere => ProofBy::Nowhere,
    };
    let found = target.static_checks.iter().find_map(|check| {
        let judged = check.judge_planted(defect.id)?;
        Some((check, judged.verdict == Verdict::Invalid && defect.checks.contains(&check.name)))
    });
    let found = found.filter(|_| by == ProofBy::StaticCheck);
    Proof {
        target: target.name.clone(),
        defect: defect.id.to_owned(),
        class: defect.class.name().to_owned(),
        summary: defect.summary.to_owned(),
        minimal: None,
        by,
        found: found.is_some_and(|(_, is_found)| is_found),
        check: found.map(|(check, _)| check.name.to_owned()),
        run: None,
        runs: 0,
        clean: found.map(|(check, _)| check.judge().verdict == Verdict::Valid),
        also: BTreeSet::new(),
        wall_us: 0,
        open: false,
    }
}

/// The verdict with the defect disabled, whether or not the faults still found a site to strike at.
fn verdict_off(record: &Record) -> Verdict {
    let others = record.checks.iter().filter(|check| check.name != harness_checks::FAULTS_FIRED);
    others.map(|check| check.verdict).max().unwrap_or(Verdict::Unknown)
}
