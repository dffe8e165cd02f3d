//! `drill prove`: switches on each planted defect in turn, and sees whether the ordinary scenarios find it.
//!
//! Every scenario of the defect's target is run, never chosen by the defect; seed after seed, until a check
//! caught it that the catalogue names, or the budget is spent. The plan of the hit is then run again with the
//! defect off: what it shows must be the defect's doing.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    time::Duration,
};

use chaosdrill_core::{
    Record, Seed, Verdict, duration,
    limits::PROVE_RUNS_MAX,
    record::{Proof, ProofBy},
};
use chaosdrill_rt::defect::{Defect, Shows};
use clap::Args;

use crate::{
    campaign::{self, Progress},
    cli::{
        args::{Database, MessageFormat, WorkerArgs},
        console::{self, Bar},
        error::{ExpectedError, Status},
    },
    crew::{self, JobEnd, Workers},
    judge::harness_checks,
    registry::{Registry, Target},
    run::Job,
    scenario::Scenario,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct ProveArgs {
    /// Only defects whose id, or whose target's name, is this.
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// The database beneath the scenarios.
    #[arg(long, value_enum, default_value = "sqlite", env = "DRILL_DB")]
    db: Database,
    #[command(flatten)]
    workers: WorkerArgs,
}

struct Case<'a> {
    defect: &'a Defect,
    scenarios: Vec<&'a Scenario>,
    proof: Proof,
    hit: Option<Job>,
}

impl Case<'_> {
    fn is_open(&self) -> bool {
        self.proof.by == ProofBy::Running && !self.proof.found && self.proof.runs < PROVE_RUNS_MAX
    }

    /// Counts a run; the first that violates a check of the catalogue's is the hit.
    fn take(&mut self, record: &Record, job: &Job) {
        if self.proof.found {
            return;
        }
        self.proof.runs += 1;
        self.proof.wall_us += record.measured.wall_us;
        let named = record.violated().find(|check| self.defect.checks.contains(check));
        if let Some(check) = named {
            self.proof.found = true;
            self.proof.check = Some(check.to_owned());
            self.proof.run = Some(record.run.clone());
            self.hit = Some(job.clone());
        }
        self.proof.also.extend(record.violated().map(str::to_owned));
    }
}

pub(crate) fn prove(
    registry: &Registry,
    args: &ProveArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let mut cases = cases(registry, args.filter.as_deref());
    if cases.is_empty() {
        let filter = args.filter.clone().unwrap_or_default();
        let hint = registry.defect_hint(&filter);
        return Err(ExpectedError::NothingSelected { filter, hint });
    }
    let workers = args.workers.workers();
    let mut seed = 0;
    while cases.iter().any(Case::is_open) {
        round(registry, &mut cases, Seed(seed), args.db.name(), workers)?;
        seed += 1;
    }
    confirm(registry, &mut cases, workers)?;
    for case in &mut cases {
        let named = case.proof.check.clone();
        case.proof.also.retain(|check| Some(check) != named.as_ref());
    }
    let proofs: Vec<&Proof> = cases.iter().map(|case| &case.proof).collect();
    show(&proofs, format);
    let all = proofs.iter().filter(|proof| proof.is_asked_for());
    let all = all.into_iter().all(|proof| proof.found && proof.clean == Some(true));
    Ok(if all { Status::Valid } else { Status::Violation })
}

fn cases<'a>(registry: &'a Registry, filter: Option<&str>) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for target in &registry.targets {
        let scenarios: Vec<&Scenario> =
            registry.scenarios.iter().filter(|scenario| scenario.target() == target.name).collect();
        let wanted = |defect: &&Defect| {
            filter.is_none_or(|filter| filter == target.name || filter == defect.id)
        };
        cases.extend(target.defects.iter().filter(wanted).map(|defect| Case {
            defect,
            scenarios: scenarios.clone(),
            proof: proof(target, defect),
            hit: None,
        }));
    }
    cases
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

/// One seed of every scenario, for every defect that is still open.
fn round(
    registry: &Registry,
    cases: &mut [Case<'_>],
    seed: Seed,
    db: &str,
    workers: Workers,
) -> Result<(), ExpectedError> {
    let mut jobs = Vec::new();
    let mut owners = Vec::new();
    for (owner, case) in cases.iter().enumerate().filter(|(_, case)| case.is_open()) {
        for scenario in &case.scenarios {
            let run = campaign::script_run(scenario, seed, db, Some(case.defect.id));
            jobs.push(Job {
                plan: campaign::plan_of(&run, scenario.script(seed)),
                run,
                bundle: None,
                trace: None,
            });
            owners.push(owner);
        }
    }
    let records = collect(registry, &jobs, workers, &format!("prove seed {seed}"))?;
    // In the order of the jobs, whichever worker was faster: the counts must not depend on it.
    for (index, record) in records {
        cases[owners[index]].take(&record, &jobs[index]);
    }
    Ok(())
}

fn collect(
    registry: &Registry,
    jobs: &[Job],
    workers: Workers,
    what: &str,
) -> Result<BTreeMap<usize, Record>, ExpectedError> {
    let mut bar = Bar::new(jobs.len(), what);
    let mut records = BTreeMap::new();
    let broken = crew::run_all(registry, jobs, workers, |index, end| match end {
        JobEnd::Recorded { record, complaints } => {
            complaints.iter().for_each(|complaint| bar.complain(complaint));
            bar.run_is_over(&record);
            records.insert(index, *record);
            ControlFlow::Continue(())
        }
        JobEnd::Broken { why } => ControlFlow::Break(why),
    });
    bar.finish();
    broken.map_or(Ok(records), |why| Err(ExpectedError::Harness(why)))
}

/// Runs the plan of each hit again with the defect off.
fn confirm(
    registry: &Registry,
    cases: &mut [Case<'_>],
    workers: Workers,
) -> Result<(), ExpectedError> {
    let hits: Vec<(usize, Job)> = cases
        .iter()
        .enumerate()
        .filter_map(|(owner, case)| {
            let mut job = case.hit.clone()?;
            job.run.defect = None;
            Some((owner, job))
        })
        .collect();
    let jobs: Vec<Job> = hits.iter().map(|(_, job)| job.clone()).collect();
    for (index, record) in collect(registry, &jobs, workers, "prove without")? {
        cases[hits[index].0].proof.clean = Some(is_clean(&record));
    }
    Ok(())
}

/// Valid, but for faults that found no site to strike at now that the defect is off.
fn is_clean(record: &Record) -> bool {
    let others = record.checks.iter().filter(|check| check.name != harness_checks::FAULTS_FIRED);
    others.into_iter().all(|check| check.verdict == Verdict::Valid)
}

fn show(proofs: &[&Proof], format: MessageFormat) {
    if format == MessageFormat::Json {
        proofs.iter().for_each(console::print_json);
        return;
    }
    let mut text =
        String::from("defect  class   result  runs      time  check, scenario and seed\n");
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
    let head =
        format!("{:<7} {:<7} {result:<7} {:>4} {time:>9}", proof.defect, proof.class, proof.runs);
    let what = match (&proof.check, &proof.run) {
        _ if proof.by == ProofBy::Postgres => "needs postgres".to_owned(),
        _ if proof.by == ProofBy::Nowhere => "has no counterpart here".to_owned(),
        (Some(check), None) => check.clone(),
        (Some(check), Some(run)) => format!("{check}  {} {}", run.scenario, run.seed),
        _ if proof.also.is_empty() => "no check was violated".to_owned(),
        _ => format!(
            "violated were only {}",
            proof.also.iter().cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    let unsure = if proof.clean == Some(false) {
        "\n        not valid with the defect off: a false alarm"
    } else {
        ""
    };
    format!("{head}  {what}{unsure}\n")
}
