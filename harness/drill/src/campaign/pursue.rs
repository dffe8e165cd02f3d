//! What is done about a violation before it is reported: it is run again in a fresh process, and made smaller.

use std::{collections::BTreeMap, path::Path};

use chaosdrill_core::{
    Plan, Record, RunId, Swarm, Verdict,
    limits::PURSUED_MAX,
    record::{Minimal, Pursuit},
    shrink::{self, Shrunk},
    trace::Divergence,
};

use crate::{
    campaign::engine::{Done, Engine},
    files, interrupt, nemesis,
    run::Job,
    scratch,
};

/// The name of the smallest plan in the folder of a run.
pub(crate) const MINIMAL: &str = "plan.min.toml";

/// The runs that are pursued: the first few of each check in each scenario. The others are counted.
pub(crate) fn chosen<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<RunId> {
    let mut chosen = Vec::new();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for record in records.filter(|record| record.verdict == Verdict::Invalid) {
        let Some(check) = record.headline() else { continue };
        let count = counts.entry((&record.run.scenario, &check.name)).or_default();
        *count += 1;
        if *count <= PURSUED_MAX {
            chosen.push(record.run.clone());
        }
    }
    chosen
}

/// The whole plan of a run that was recorded, whatever drew its faults.
pub(crate) fn plan_of(engine: &Engine<'_>, record: &Record) -> Option<Plan> {
    let scenario = engine.registry().scenario(&record.run.scenario)?;
    let mut plan = match record.run.nemesis.as_str() {
        "swarm" => Swarm::new(scenario.name(), record.run.seed, scenario.arena()).1,
        _ => Plan::new(scenario.name(), record.run.seed),
    };
    plan.faults = record.faults.iter().map(|fault| fault.fault.clone()).collect();
    Some(nemesis::plan_of(&record.run, plan))
}

/// Runs a violation again in a fresh process, and makes its plan smaller.
pub(crate) fn pursue(
    engine: &mut Engine<'_>,
    record: &Record,
    out: Option<&Path>,
    may_shrink: bool,
) -> Option<Pursuit> {
    let check = record.headline()?.name.clone();
    let plan = plan_of(engine, record)?;
    let bundle = out.map(|out| out.join(record.run.folder()));
    let (same_again, divergence) = again(engine, record, &plan, bundle.as_deref())?;
    let minimal = (same_again && may_shrink).then(|| {
        let shrunk = smallest(engine, &record.run, &plan, &check);
        if let Some(bundle) = &bundle {
            let text = minimal_text(&shrunk, &check);
            if let Err(why) = std::fs::write(bundle.join(MINIMAL), text) {
                let path = bundle.join(MINIMAL);
                engine.complain(&format!("failed to write {}: {why}", path.display()));
            }
        }
        Minimal { faults: shrunk.plan.faults, runs: shrunk.runs }
    });
    Some(Pursuit { check, same_again, divergence, minimal })
}

/// Runs it again; whether the digest was the same, and where not, the first event that differs. Nothing where it could
/// not be run again.
fn again(
    engine: &mut Engine<'_>,
    record: &Record,
    plan: &Plan,
    bundle: Option<&Path>,
) -> Option<(bool, Option<String>)> {
    let scratch = scratch::folder().ok()?;
    let trace = scratch.path().join("trace.jsonl");
    let job = Job { trace: Some(trace.clone()), ..Job::new(record.run.clone(), plan.clone()) };
    let second = engine.aside(&[job]).pop().flatten()?;
    let same = (&second.digest, second.verdict) == (&record.digest, record.verdict);
    let read = |path: &Path| files::read_trace(path).unwrap_or_default();
    let divergence = (!same).then(|| {
        let first = bundle.map(|bundle| read(&bundle.join("trace.jsonl"))).unwrap_or_default();
        let at = Divergence::first(&first, &read(&trace));
        at.map_or("one of the two runs did not live to give a digest".to_owned(), |at| {
            at.to_string()
        })
    });
    Some((same, divergence))
}

/// The smallest plan that violates the same check.
pub(crate) fn smallest(engine: &mut Engine<'_>, run: &RunId, plan: &Plan, check: &str) -> Shrunk {
    shrink::shrink(plan, |batch| {
        let jobs: Vec<Job> = batch.iter().map(|plan| Job::new(run.clone(), plan.clone())).collect();
        let shows = |record: &Record| record.violated().any(|violated| violated == check);
        engine.aside(&jobs).iter().map(|record| record.as_ref().is_some_and(shows)).collect()
    })
}

/// The smallest plan as a file, with what it shows.
pub(crate) fn minimal_text(shrunk: &Shrunk, check: &str) -> String {
    format!(
        "# violates {check}; {} runs to make it this small\n{}",
        shrunk.runs,
        shrunk.plan.to_toml()
    )
}

/// Pursues what a campaign found, each in its turn.
pub(crate) fn all(
    engine: &mut Engine<'_>,
    done: &mut BTreeMap<RunId, Done>,
    out: &Path,
    may_shrink: bool,
) {
    for run in chosen(done.values().map(|done| &done.record)) {
        if engine.is_over() {
            return;
        }
        let Some(found) = done.get_mut(&run).filter(|done| done.record.pursuit.is_none()) else {
            continue;
        };
        let pursuit = pursue(engine, &found.record, Some(out), may_shrink);
        if interrupt::was_asked_for() {
            // What was left out on the way is not known; the campaign that goes on pursues it anew.
            return;
        }
        found.record.pursuit = pursuit;
        engine.write(found);
        if let Err(why) = files::write_record(out, &found.record) {
            engine.complain(&format!("failed to write the record of {run} once more: {why}"));
        }
    }
}
