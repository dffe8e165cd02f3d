//! `drill prove`: switches on each planted defect in turn, and sees whether the ordinary nemeses find it.
//!
//! Every scenario of the defect's target is run, never chosen by the defect: two seeds of scripts and swarms, a sweep,
//! then seed after seed, until a check caught it that the catalogue names, or the budget is spent. The plan of the hit
//! is made smaller, and run again with the defect off: what it shows must be the defect's doing.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use chaosdrill_core::{
    Plan, Record, Seed, Verdict, duration,
    limits::{PROVE_CHUNK_RUNS, PROVE_ROUNDS_BEFORE_SWEEP, PROVE_RUNS_MAX},
    record::{Proof, ProofBy},
};
use chaosdrill_rt::defect::{Defect, Shows};
use clap::Args;

use crate::{
    campaign::{
        engine::{Done, Engine, Enough},
        pursue,
        sweep::{self, Depth, Sweep},
    },
    cli::{
        args::{self, Database, MessageFormat, WorkerArgs},
        console::{self, Bar},
        error::{ExpectedError, Status},
    },
    interrupt,
    judge::harness_checks,
    nemesis::{Nemesis, Settings},
    registry::{Registry, Target},
    run::Job,
    scenario::Scenario,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct ProveArgs {
    /// Only defects whose id, or whose target's name, is this.
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// What draws faults [default: all].
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',', env = "DRILL_NEMESIS")]
    nemesis: Vec<Nemesis>,
    /// The database beneath the scenarios.
    #[arg(long, value_enum, default_value = "sqlite", env = "DRILL_DB")]
    db: Database,
    /// Write what became of each defect to `prove.json` in this folder, where `report` finds it, and the smallest plans
    /// below `plans`.
    #[arg(long, value_name = "DIR", env = "DRILL_OUT")]
    out: Option<PathBuf>,
    #[command(flatten)]
    workers: WorkerArgs,
}

struct Case<'a> {
    defect: &'a Defect,
    scenarios: Vec<&'a Scenario>,
    settings: Settings,
    proof: Proof,
    hit: Option<Record>,
    /// The smallest plan of the hit.
    smallest: Option<Plan>,
}

impl<'a> Case<'a> {
    fn is_open(&self) -> bool {
        self.proof.by == ProofBy::Running && !self.proof.found && self.proof.runs < PROVE_RUNS_MAX
    }

    /// Counts a run; the first that violates a check of the catalogue's is the hit.
    fn take(&mut self, record: &Record) {
        if !self.is_open() {
            return;
        }
        self.proof.runs += 1;
        self.proof.wall_us += record.measured.wall_us;
        let named = record.violated().find(|check| self.defect.checks.contains(check));
        if let Some(check) = named {
            self.proof.found = true;
            self.proof.check = Some(check.to_owned());
            self.proof.run = Some(record.run.clone());
            self.hit = Some(record.clone());
        }
        self.proof.also.extend(record.violated().map(str::to_owned));
    }

    /// One seed of every scenario.
    fn round(&self, seed: Seed, nemeses: &[Nemesis]) -> Vec<Job> {
        let mut jobs = Vec::new();
        for scenario in &self.scenarios {
            if nemeses.contains(&Nemesis::Script) {
                jobs.push(self.settings.script(scenario, seed));
            }
            if nemeses.contains(&Nemesis::Swarm) {
                jobs.push(self.settings.swarm(scenario, seed));
            }
        }
        jobs
    }

    /// Sweeps every scenario, a few points of each at a time, until the defect is found.
    fn sweep(&mut self, engine: &mut Engine<'_>) {
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

    fn run(&mut self, engine: &mut Engine<'_>, jobs: &[Job]) -> Vec<Option<Done>> {
        if !self.is_open() {
            return vec![None; jobs.len()];
        }
        let done = engine.batch(jobs);
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
}

pub(crate) fn prove(
    registry: &Registry,
    args: &ProveArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let mut cases = cases(registry, args);
    if cases.is_empty() {
        let filter = args.filter.clone().unwrap_or_default();
        let hint = registry.defect_hint(&filter);
        return Err(ExpectedError::NothingSelected { filter, hint });
    }
    if let Err(why) = interrupt::listen() {
        eprintln!("warning: failed to listen for Ctrl-C: {why}");
    }
    let nemeses = args::nemeses(&args.nemesis);
    let mut bar = Bar::new(0, "prove");
    let mut engine = Engine::new(registry, args.workers.workers(), Enough::default(), &mut bar);
    search(&mut engine, &mut cases, &nemeses);
    for case in &mut cases {
        confirm(&mut engine, case);
    }
    if let Some(why) = engine.broken.pop() {
        return Err(ExpectedError::Harness(why));
    }
    bar.finish();
    let proofs: Vec<&Proof> = cases.iter().map(|case| &case.proof).collect();
    if let Some(out) = &args.out {
        write(out, &cases)?;
    }
    show(&proofs, format);
    let mut all = proofs.iter().filter(|proof| proof.is_asked_for());
    let all = all.all(|proof| proof.found && proof.clean == Some(true));
    let found = if all { Status::Valid } else { Status::Violation };
    Ok(if interrupt::was_asked_for() { found.max(Status::Interrupted) } else { found })
}

fn write(out: &std::path::Path, cases: &[Case<'_>]) -> Result<(), ExpectedError> {
    let proofs: Vec<&Proof> = cases.iter().map(|case| &case.proof).collect();
    let write = || {
        let plans = out.join("plans");
        std::fs::create_dir_all(&plans)?;
        for case in cases {
            if let Some(plan) = &case.smallest {
                std::fs::write(plans.join(format!("{}.toml", case.proof.defect)), plan.to_toml())?;
            }
        }
        let mut json = serde_json::to_string_pretty(&proofs)?;
        json.push('\n');
        std::fs::write(out.join("prove.json"), json)
    };
    write().map_err(|why: std::io::Error| {
        ExpectedError::Usage(format!("failed to write prove.json to {}: {why}", out.display()))
    })
}

/// Runs all open cases, in the order that finds most of them soonest.
fn search(engine: &mut Engine<'_>, cases: &mut [Case<'_>], nemeses: &[Nemesis]) {
    let has_seeds = nemeses != [Nemesis::Sweep];
    let mut round = 0;
    loop {
        if round == PROVE_ROUNDS_BEFORE_SWEEP && nemeses.contains(&Nemesis::Sweep) {
            for case in cases.iter_mut().filter(|case| case.is_open()) {
                case.sweep(engine);
            }
        }
        let is_open = |case: &Case<'_>| case.is_open() && has_seeds;
        if engine.is_over() || round > PROVE_RUNS_MAX || !cases.iter().any(is_open) {
            if round >= PROVE_ROUNDS_BEFORE_SWEEP || !cases.iter().any(Case::is_open) {
                break;
            }
            round = PROVE_ROUNDS_BEFORE_SWEEP;
            continue;
        }
        let (mut owners, mut jobs) = (Vec::new(), Vec::new());
        for (owner, case) in cases.iter().enumerate().filter(|(_, case)| case.is_open()) {
            let new = case.round(Seed(round), nemeses);
            owners.extend(new.iter().map(|_| owner));
            jobs.extend(new);
        }
        // In the order of the jobs, whichever worker was faster: the counts must not depend on it.
        for (owner, done) in owners.into_iter().zip(engine.batch(&jobs)) {
            if let Some(done) = done {
                cases[owner].take(&done.record);
            }
        }
        round += 1;
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
        cases.extend(target.defects.iter().filter(wanted).map(|defect| Case {
            defect,
            scenarios: scenarios.clone(),
            settings: Settings {
                db: args.db.name().to_owned(),
                defect: Some(defect.id.to_owned()),
                out: None,
            },
            proof: proof(target, defect),
            hit: None,
            smallest: None,
        }));
    }
    cases
}

/// Makes the plan of a hit smaller, and runs it again with the defect off.
fn confirm(engine: &mut Engine<'_>, case: &mut Case<'_>) {
    let (Some(hit), Some(check)) = (&case.hit, case.proof.check.clone()) else { return };
    let Some(plan) = pursue::plan_of(engine.registry(), hit) else { return };
    let smallest = pursue::smallest(engine, &hit.run, &plan, &check).plan;
    let found = smallest.found.clone().or_else(|| plan.found.clone());
    case.smallest = Some(Plan { found, ..smallest.clone() });
    let mut off = hit.run.clone();
    off.defect = None;
    // The whole plan, and the smallest: what either shows must be the defect's doing.
    let jobs =
        [&plan, &smallest].map(|plan| Job::new(off.clone(), Plan { found: None, ..plan.clone() }));
    let records = engine.aside(&jobs);
    let verdicts =
        records.iter().map(|record| record.as_ref().map_or(Verdict::Unknown, verdict_off));
    case.proof.clean = match verdicts.max() {
        Some(Verdict::Valid) => Some(true),
        Some(Verdict::Invalid) => Some(false),
        _ => None,
    };
    case.proof.minimal = Some(smallest.faults);
    case.proof.also.remove(&check);
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
    }
}

/// The verdict with the defect off, whether or not the faults still found a site to strike at.
fn verdict_off(record: &Record) -> Verdict {
    let others = record.checks.iter().filter(|check| check.name != harness_checks::FAULTS_FIRED);
    others.map(|check| check.verdict).max().unwrap_or(Verdict::Unknown)
}

fn show(proofs: &[&Proof], format: MessageFormat) {
    if format == MessageFormat::Json {
        proofs.iter().for_each(console::print_json);
        return;
    }
    let mut text = String::from("defect  class   result  runs      time  faults  check and run\n");
    for proof in proofs {
        text.push_str(&line(proof));
    }
    let asked: Vec<&&Proof> = proofs.iter().filter(|proof| proof.is_asked_for()).collect();
    let found = asked.iter().filter(|proof| proof.found).count();
    let elsewhere = match proofs.iter().filter(|proof| proof.by == ProofBy::Postgres).count() {
        0 => String::new(),
        count => format!(", {count} more need postgres"),
    };
    let runs: u64 = proofs.iter().map(|proof| proof.runs).sum();
    let wall: u64 = proofs.iter().map(|proof| proof.wall_us).sum();
    let time = duration::seconds(Duration::from_micros(wall));
    text.push_str(&format!(
        "prove: {found} of {} defects found{elsewhere}, {runs} runs, {time} of run time\n",
        asked.len()
    ));
    console::print(&text);
}

fn line(proof: &Proof) -> String {
    let result = match (proof.by, proof.found, proof.clean) {
        (ProofBy::Postgres | ProofBy::Nowhere, ..) => "-",
        (_, false, _) => "MISSED",
        (ProofBy::Guard, true, Some(true)) => "guard",
        (ProofBy::Running, true, Some(true)) => "found",
        (_, true, _) => "UNSURE",
    };
    let time = duration::seconds(Duration::from_micros(proof.wall_us));
    let faults = proof.minimal.as_ref().map_or("-".to_owned(), |faults| faults.len().to_string());
    let head = format!(
        "{:<7} {:<7} {result:<7} {:>4} {time:>9}  {faults:>6}",
        proof.defect, proof.class, proof.runs
    );
    let what = match (&proof.check, &proof.run) {
        _ if proof.by == ProofBy::Postgres => "needs postgres".to_owned(),
        _ if proof.by == ProofBy::Nowhere => "has no counterpart here".to_owned(),
        (Some(check), None) => check.clone(),
        (Some(check), Some(run)) => {
            format!("{check}  {} {} {}", run.scenario, run.nemesis, run.seed)
        }
        _ if proof.also.is_empty() => "no check was violated".to_owned(),
        _ => format!(
            "violated were only {}",
            proof.also.iter().cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    let unsure = match proof.clean {
        Some(false) => "\n        not valid with the defect off: a false alarm",
        None if proof.found => {
            "\n        it cannot be said whether it is valid with the defect off"
        }
        _ => "",
    };
    format!("{head}  {what}{unsure}\n")
}
