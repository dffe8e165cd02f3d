//! The search for one planted defect: what was run for it, what hit, and whether that is the defect's doing.

use std::collections::BTreeSet;

use chaosdrill_core::{
    Plan, Record, Seed, Verdict,
    limits::PROVE_CHUNK_RUNS,
    record::{Proof, ProofBy},
};
use chaosdrill_rt::defect::{Defect, Shows};

use crate::{
    campaign::{
        engine::{Done, Engine},
        pursue,
        sweep::{self, Depth, Sweep},
    },
    interrupt,
    judge::harness_checks,
    nemesis::{Nemesis, Settings},
    registry::Target,
    run::Job,
    scenario::Scenario,
};

/// One defect, and how far the search for it is.
pub(super) struct Case<'a> {
    defect: &'a Defect,
    scenarios: Vec<&'a Scenario>,
    settings: Settings,
    runs_max: u64,
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
    ) -> Self {
        Self {
            defect,
            scenarios,
            settings,
            runs_max,
            hit: None,
            is_over: false,
            is_told: false,
            proof: proof(target, defect),
            smallest: None,
        }
    }

    /// Whether it is still looked for.
    pub(super) fn is_open(&self) -> bool {
        self.proof.by == ProofBy::Running
            && !self.is_over
            && !self.proof.found
            && self.proof.runs < self.runs_max
    }

    /// Whether all is said: found and confirmed, or missed, or not looked for by running.
    pub(super) fn is_settled(&self) -> bool {
        !self.is_open() && (self.hit.is_none() || self.proof.minimal.is_some())
    }

    /// There is nothing more to try.
    pub(super) fn give_up(&mut self) {
        self.is_over = true;
    }

    /// Counts a run; the first that violates a check of the catalogue's is the hit.
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
        record.violated().find(|check| self.defect.checks.contains(check))
    }

    /// One seed of every scenario.
    pub(super) fn round(&mut self, engine: &mut Engine<'_>, seed: Seed, nemeses: &[Nemesis]) {
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

    /// Sweeps every scenario, a few points of each at a time, until the defect is found.
    pub(super) fn sweep(&mut self, engine: &mut Engine<'_>) {
        if !self.is_open() || engine.is_over() {
            return;
        }
        let settings = self.settings.clone();
        let begin = |scenario: &&'a Scenario| Sweep::new(scenario, Seed(0), Depth::FULL);
        let mut sweeps: Vec<Sweep<'a>> = self.scenarios.iter().map(begin).collect();
        let calm: Vec<Job> = sweeps.iter_mut().map(|sweep| sweep.calm(&settings)).collect();
        let mut calm = self.run(engine, &calm);
        sweep::leave_out_twins(&mut sweeps, &mut calm);
        let mut stages: Vec<Vec<Job>> = Vec::new();
        for (sweep, calm) in sweeps.iter_mut().zip(&calm) {
            let jobs = calm.as_ref().map(|calm| sweep.singles(&settings, calm));
            stages.push(jobs.unwrap_or_default());
        }
        let singles = self.run_abreast(engine, &stages);
        let mut stages: Vec<Vec<Job>> = Vec::new();
        for (sweep, done) in sweeps.iter_mut().zip(&singles) {
            stages.push(sweep.under_faults(&settings, done));
        }
        self.run_abreast(engine, &stages);
        let pairs: Vec<Vec<Job>> = sweeps.iter_mut().map(|sweep| sweep.pairs(&settings)).collect();
        self.run_abreast(engine, &pairs);
    }

    /// Runs jobs until one of them is the hit, and takes what they show in their order, whichever worker was faster:
    /// the counts must not depend on it.
    fn run(&mut self, engine: &mut Engine<'_>, jobs: &[Job]) -> Vec<Option<Done>> {
        if !self.is_open() {
            return vec![None; jobs.len()];
        }
        let done = engine.batch_until(jobs, |record| self.caught_by(record).is_some());
        done.iter().flatten().for_each(|done| self.take(&done.record));
        done
    }

    /// The first jobs of all stages, then the second ones, and so on.
    fn run_abreast(
        &mut self,
        engine: &mut Engine<'_>,
        stages: &[Vec<Job>],
    ) -> Vec<Vec<Option<Done>>> {
        let mut results: Vec<Vec<Option<Done>>> =
            stages.iter().map(|stage| vec![None; stage.len()]).collect();
        let longest = stages.iter().map(Vec::len).max().unwrap_or_default();
        let places = (0..longest).flat_map(|row| (0..stages.len()).map(move |stage| (stage, row)));
        let places: Vec<(usize, usize)> =
            places.filter(|(stage, row)| *row < stages[*stage].len()).collect();
        for chunk in places.chunks(PROVE_CHUNK_RUNS) {
            let jobs: Vec<Job> =
                chunk.iter().map(|(stage, row)| stages[*stage][*row].clone()).collect();
            for ((stage, row), done) in chunk.iter().zip(self.run(engine, &jobs)) {
                results[*stage][*row] = done;
            }
        }
        results
    }

    /// Makes the plan of a hit smaller, and runs it again with the defect off.
    pub(super) fn confirm(&mut self, engine: &mut Engine<'_>) {
        if self.proof.minimal.is_some() || interrupt::was_asked_for() {
            return;
        }
        let (Some(hit), Some(check)) = (&self.hit, self.proof.check.clone()) else { return };
        let Some(plan) = pursue::plan_of(engine.registry(), hit) else { return };
        let smallest = pursue::smallest(engine, &hit.run, &plan, &check).plan;
        let found = smallest.found.clone().or_else(|| plan.found.clone());
        self.smallest = Some(Plan { found, ..smallest.clone() });
        let mut off = hit.run.clone();
        off.defect = None;
        // The whole plan, and the smallest: what either shows must be the defect's doing.
        let jobs = [&plan, &smallest]
            .map(|plan| Job::new(off.clone(), Plan { found: None, ..plan.clone() }));
        let records = engine.aside(&jobs);
        let verdicts =
            records.iter().map(|record| record.as_ref().map_or(Verdict::Unknown, verdict_off));
        if interrupt::was_asked_for() {
            // What was left out on the way is not known.
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

fn proof(target: &Target, defect: &Defect) -> Proof {
    let by = match defect.shows {
        Shows::Running => ProofBy::Running,
        Shows::InAGuard => ProofBy::Guard,
        Shows::OnPostgres => ProofBy::Postgres,
        Shows::Nowhere => ProofBy::Nowhere,
    };
    let guard = target.guards.iter().find_map(|guard| {
        let judged = guard.judge_planted(defect.id)?;
        Some((guard, judged.verdict == Verdict::Invalid && defect.checks.contains(&guard.name)))
    });
    let guard = guard.filter(|_| by == ProofBy::Guard);
    Proof {
        target: target.name.clone(),
        defect: defect.id.to_owned(),
        class: defect.class.name().to_owned(),
        summary: defect.summary.to_owned(),
        minimal: None,
        by,
        found: guard.is_some_and(|(_, found)| found),
        check: guard.map(|(guard, _)| guard.name.to_owned()),
        run: None,
        runs: 0,
        clean: guard.map(|(guard, _)| guard.judge().verdict == Verdict::Valid),
        also: BTreeSet::new(),
        wall_us: 0,
        open: false,
    }
}

/// The verdict with the defect off, whether or not the faults still found a site to strike at.
fn verdict_off(record: &Record) -> Verdict {
    let others = record.checks.iter().filter(|check| check.name != harness_checks::FAULTS_FIRED);
    others.map(|check| check.verdict).max().unwrap_or(Verdict::Unknown)
}
