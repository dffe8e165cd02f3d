//! Triage: before a violation is reported, it is replayed in a fresh process and its plan is shrunk.

use std::{collections::BTreeMap, path::Path};

use chaosdrill_core::{
    Origin, Plan, Record, RunId, Swarm, Verdict,
    limits::{REPLAY_BATCH, TRIAGED_MAX, TRIAGED_PROBLEMS_MAX},
    record::{Minimal, Triage},
    shrink::Shrunk,
    trace::Divergence,
};

use crate::{
    campaign::{engine::Engine, kept},
    campaign_dir::{self, Entry},
    interrupt,
    job::{Done, Job},
    ours::{self, Kind, MINIMAL, SMALLEST},
    registry::Registry,
    scratch,
};

/// Chooses the runs whose plans are shrunk: the first few of each problem in each scenario. Others are only counted.
#[derive(Debug, Default)]
pub(crate) struct Chosen(BTreeMap<(String, String), BTreeMap<String, usize>>);

impl Chosen {
    /// Whether a run is chosen. Runs are added in the order of their ids.
    pub(crate) fn add(&mut self, record: &Record) -> bool {
        let Some(check) = record.headline().filter(|_| record.verdict == Verdict::Invalid) else {
            return false;
        };
        let key = (record.run.scenario.clone(), check.name.clone());
        let problems = self.0.entry(key).or_default();
        // The words of a check may differ from run to run after all.
        if problems.len() > TRIAGED_PROBLEMS_MAX {
            return false;
        }
        let count = problems.entry(check.problem()).or_default();
        *count += 1;
        *count <= TRIAGED_MAX && problems.len() <= TRIAGED_PROBLEMS_MAX
    }
}

/// The whole plan of a recorded run, for every nemesis. `None` if its scenario is gone, or if a kept plan that the
/// record does not carry is gone.
pub(crate) fn plan_of(registry: &Registry, record: &Record) -> Option<Plan> {
    let scenario = registry.scenario(&record.run.scenario)?;
    let plan = record.plan();
    if record.plan_rest.is_some() {
        return Some(plan);
    }
    // Parts that the record does not carry are drawn or read again.
    let drawn = match &record.run.origin {
        Origin::Kept(stem) => kept::plan_called(registry, stem)?,
        Origin::Swarm => Swarm::new(scenario.name(), record.run.seed, scenario.arena()).1,
        _ => return Some(plan),
    };
    let Plan { order, chaos, sql_errors, workload_max, .. } = drawn;
    Some(Plan { order, chaos, sql_errors, workload_max, ..plan })
}

/// Whether two runs had the same result.
pub(crate) fn is_same(first: &Record, second: &Record) -> bool {
    (&first.digest, first.verdict) == (&second.digest, second.verdict)
}

/// Shrinks the plan of a violation. The smallest plan, and everything about its run, go to the folder of the run.
/// `None` if no more runs start: an untried plan may be smaller.
pub(crate) fn shrink(
    engine: &mut Engine<'_>,
    run: &RunId,
    plan: &Plan,
    check: &str,
    bundle: &Path,
) -> Option<(Plan, Minimal)> {
    let shrunk = smallest(engine, run, plan, check);
    if interrupt::was_asked_for() || engine.lost().is_some() {
        return None;
    }
    let path = bundle.join(MINIMAL);
    if let Err(why) = ours::write(&path, Kind::Minimal, minimal_text(&shrunk, check)) {
        engine.complain(&format!("failed to write {}: {why}", path.display()));
    }
    // Run it again, for the story that the reports tell.
    let job = Job {
        bundle: Some(bundle.join(SMALLEST)),
        bundle_always: true,
        ..Job::new(run.clone(), shrunk.plan.clone())
    };
    let shown = engine.aside(&[job]).pop().flatten();
    let found = shown.as_ref().and_then(|shown| shown.checks.iter().find(|it| it.name == check));
    let minimal = Minimal {
        faults: shrunk.plan.faults.clone(),
        runs: shrunk.runs,
        why: found.map(|found| found.why.clone()),
        digest: shown.and_then(|shown| shown.digest),
    };
    Some((shrunk.plan, minimal))
}

/// The first event in which a third run differs from the first, given that the second run differed.
fn divergence(
    engine: &mut Engine<'_>,
    record: &Record,
    plan: &Plan,
    bundle: &Path,
) -> Option<String> {
    let scratch = scratch::folder().ok()?;
    let trace = scratch.path().join("trace.jsonl");
    let job = Job { trace: Some(trace.clone()), ..Job::new(record.run.clone(), plan.clone()) };
    let third = engine.aside(&[job]).pop().flatten()?;
    if is_same(record, &third) {
        return Some("the second run differed from the first, and the third did not".to_owned());
    }
    let read = |path: &Path| campaign_dir::read_trace(path).unwrap_or_default();
    let at = Divergence::first(&read(&bundle.join("trace.jsonl")), &read(&trace));
    let mute = || "one of the runs died before it had a digest".to_owned();
    Some(at.map_or_else(mute, |at| at.to_string()))
}

/// The smallest plan that violates the same check.
pub(crate) fn smallest(engine: &mut Engine<'_>, run: &RunId, plan: &Plan, check: &str) -> Shrunk {
    chaosdrill_core::shrink::shrink(plan, |batch| {
        let jobs: Vec<Job> = batch.iter().map(|plan| Job::new(run.clone(), plan.clone())).collect();
        let shows = |record: &Record| record.violated().any(|violated| violated == check);
        engine.aside(&jobs).iter().map(|record| record.as_ref().is_some_and(shows)).collect()
    })
}

/// The smallest plan as a file, with the check that it violates.
pub(crate) fn minimal_text(shrunk: &Shrunk, check: &str) -> String {
    format!(
        "{}{check}; {} runs to make it this small\n{}",
        kept::MADE_SMALLER,
        shrunk.runs,
        shrunk.plan.to_toml()
    )
}

/// Replays every violation of a campaign, and shrinks the plans of the chosen ones.
pub(crate) fn all(engine: &mut Engine<'_>, chosen: &[RunId], out: &Path, may_shrink: bool) {
    for batch in engine.entries(Entry::is_open).chunks(REPLAY_BATCH) {
        let records = batch.iter().filter_map(|entry| engine.recorded(entry));
        let records: Vec<Record> = records.collect();
        let triaged = replay_all(engine, &records, out);
        if interrupt::was_asked_for() {
            // The replays may be incomplete; a resumed campaign triages this batch again.
            return;
        }
        for (mut record, triage) in records.into_iter().zip(triaged) {
            record.triage = triage;
            write(engine, record, out);
        }
    }
    engine.sort();
    for run in chosen {
        let Some(mut record) = engine.recorded_run(run) else { continue };
        let is_ripe = |triage: &&Triage| triage.same_again && triage.minimal.is_none();
        let Some(triage) = record.triage.clone().filter(|it| may_shrink && is_ripe(&it)) else {
            continue;
        };
        if engine.is_late() {
            return;
        }
        let Some(plan) = plan_of(engine.registry(), &record) else { continue };
        let bundle = out.join(run.folder());
        let smaller = shrink(engine, run, &plan, &triage.check, &bundle);
        let Some((_, minimal)) = smaller else { return };
        record.triage = Some(Triage { minimal: Some(minimal), ..triage });
        write(engine, record, out);
    }
}

/// Replays violations, each in a fresh process; `None` for a violation that could not be run.
fn replay_all(engine: &mut Engine<'_>, records: &[Record], out: &Path) -> Vec<Option<Triage>> {
    let plans: Vec<Option<Plan>> =
        records.iter().map(|record| plan_of(engine.registry(), record)).collect();
    let job = |(record, plan): (&Record, &Option<Plan>)| {
        Some(Job::new(record.run.clone(), plan.clone()?))
    };
    let jobs: Vec<Job> = records.iter().zip(&plans).filter_map(job).collect();
    let mut seconds = engine.aside(&jobs).into_iter();
    let mut triaged = Vec::new();
    for (record, plan) in records.iter().zip(&plans) {
        let second = plan.as_ref().and_then(|_| seconds.next().flatten());
        triaged.push(second.and_then(|second| told(engine, record, plan.as_ref()?, &second, out)));
    }
    triaged
}

/// The triage of a violation, from its second run.
fn told(
    engine: &mut Engine<'_>,
    record: &Record,
    plan: &Plan,
    second: &Record,
    out: &Path,
) -> Option<Triage> {
    let check = record.headline()?.name.clone();
    let same_again = is_same(record, second);
    let bundle = out.join(record.run.folder());
    let divergence = if same_again { None } else { divergence(engine, record, plan, &bundle) };
    Some(Triage { check, same_again, divergence, minimal: None })
}

/// Writes the updated record of a run. Its hits are written already.
fn write(engine: &mut Engine<'_>, record: Record, out: &Path) {
    let done = Done { record, hit_classes: Vec::new() };
    engine.write(&done);
    if let Err(why) = campaign_dir::write_record(out, &done.record) {
        let run = &done.record.run;
        engine.complain(&format!("failed to write the updated record of {run}: {why}"));
    }
}
