//! Judges a run and builds its record.

use chaosdrill_core::{
    EventKind, History, Outcome, Plan, Record, RunId, Verdict, check,
    record::{CheckRecord, FaultRecord, Measured, PlanRest, RECORD_VERSION, nanos},
    run::{Finished, Stop},
    trace::vocabulary::Phase,
};

use crate::{job::Job, scenario::Scenario};

/// Names of the checks that the harness adds to every run.
pub(crate) mod harness_checks {
    /// No host panicked, and no host ended that should have kept running.
    pub(crate) const NO_CASUALTIES: &str = "hosts_keep_running";
    /// All clients ended.
    pub(crate) use chaosdrill_core::record::WORKLOAD_ENDS as CLIENTS_END;

    /// The run stayed within the harness's bounds.
    pub(crate) const WITHIN_BOUNDS: &str = "the_run_stays_within_its_bounds";
    /// Every fault that the script ordered has struck.
    pub(crate) const FAULTS_FIRED: &str = "every_ordered_fault_strikes";
    /// The worker process did not die during the run.
    pub(crate) const WORKER_LIVES: &str = "the_process_survives";
}

use harness_checks as names;

/// Judges a finished run of a plan.
pub(crate) fn judge(
    scenario: &Scenario,
    run: RunId,
    plan: &Plan,
    finished: &Finished,
    measured: Measured,
) -> Record {
    let history = History::of(finished.trace.events());
    let own = scenario.checks.iter().map(|check| (check, check.judge(&history)));
    let mut checks = harness_checks(scenario, finished, &history);
    let mut outcomes: Vec<Outcome> = checks.iter().map(|(_, outcome)| outcome.clone()).collect();
    let mut records: Vec<CheckRecord> =
        checks.drain(..).map(|(name, outcome)| CheckRecord::of_harness(name, outcome)).collect();
    for (check, outcome) in own {
        outcomes.push(outcome.clone());
        records.push(CheckRecord::of(check, outcome));
    }
    let verdict = check::worst(&outcomes);
    if verdict != Verdict::Valid {
        let names = history.names();
        records = records.into_iter().map(|record| record.with_names(&names)).collect();
    }
    Record {
        version: RECORD_VERSION,
        plan_rest: Some(PlanRest::of(&run, plan)),
        run,
        claim: scenario.claim.clone(),
        verdict,
        checks: records,
        faults: finished.faults.clone(),
        sites: finished.sites.clone(),
        marks: scenario
            .marks
            .iter()
            .map(|mark| (mark.name.clone(), mark.count(&history)))
            .collect(),
        events: finished.trace.events().len() as u64,
        virtual_ns: nanos(finished.elapsed),
        digest: Some(finished.trace.digest().to_string()),
        triage: None,
        measured,
    }
}

/// The record of a run whose worker died. The faults that a swarm drew for it are lost.
pub(crate) fn of_dead_worker(
    scenario: &Scenario,
    job: &Job,
    outcome: Outcome,
    measured: Measured,
) -> Record {
    Record {
        version: RECORD_VERSION,
        run: job.run.clone(),
        plan_rest: (!job.drawn).then(|| PlanRest::of_dead_worker(&job.run, &job.plan)),
        claim: scenario.claim.clone(),
        verdict: outcome.verdict,
        checks: vec![CheckRecord::of_harness(names::WORKER_LIVES, outcome)],
        faults: Vec::new(),
        sites: Default::default(),
        marks: Default::default(),
        events: 0,
        virtual_ns: 0,
        digest: None,
        triage: None,
        measured,
    }
}

fn harness_checks(
    scenario: &Scenario,
    finished: &Finished,
    history: &History<'_>,
) -> Vec<(&'static str, Outcome)> {
    vec![
        (names::NO_CASUALTIES, casualties(scenario, history, finished)),
        (names::CLIENTS_END, clients_end(history, finished)),
        (names::WITHIN_BOUNDS, within_bounds(finished)),
        (names::FAULTS_FIRED, faults_fired(finished)),
    ]
}

fn casualties(scenario: &Scenario, history: &History<'_>, finished: &Finished) -> Outcome {
    if let Some(Stop::Panicked { message }) = &finished.stop {
        return Outcome::invalid(format!("a task outside of all hosts panicked: {message}"), []);
    }
    let Some((host, how)) = finished.casualties.first() else { return Outcome::valid() };
    if scenario.casualties_expected {
        return Outcome::valid();
    }
    let more = match finished.casualties.len() {
        1 => String::new(),
        all => format!(" (and {} more)", all - 1),
    };
    Outcome::invalid(format!("{host}: {how}{more}"), last_of(history, host))
}

/// The last event of a host's own state.
fn last_of(history: &History<'_>, host: &str) -> Option<u64> {
    let events = history.on_host(host).iter();
    events.rev().find(|event| event.kind == EventKind::Host).map(|event| event.seq)
}

fn clients_end(history: &History<'_>, finished: &Finished) -> Outcome {
    let deadlock = history.of_kind(EventKind::Phase, Phase::DEADLOCK).next();
    if let Some(event) = deadlock {
        let why = "a deadlock: no event is scheduled, and a client is still waiting";
        return Outcome::invalid(why, [event.seq]);
    }
    if finished.stop.is_none() && !finished.clients_done {
        return Outcome::invalid("a client did not finish after the faults ended", []);
    }
    Outcome::valid()
}

fn within_bounds(finished: &Finished) -> Outcome {
    match &finished.stop {
        Some(Stop::Bound { which }) => {
            Outcome::unknown(format!("the run reached a bound: {which}"))
        }
        Some(Stop::Spinning { host }) => Outcome::unknown(format!(
            "{host} spins: its tasks run again and again while virtual time stands still"
        )),
        _ => Outcome::valid(),
    }
}

fn faults_fired(finished: &Finished) -> Outcome {
    let missing: Vec<&FaultRecord> = finished
        .faults
        .iter()
        .filter(|fault| fault.fired.is_none() && fault.fault.required)
        .collect();
    let Some(first) = missing.first() else { return Outcome::valid() };
    let sites = match &finished.sites_never_passed[..] {
        [] => String::new(),
        sentences => format!("; {}", sentences.join("; ")),
    };
    Outcome::unknown(format!(
        "{} of {} faults never struck: {}{sites}",
        missing.len(),
        finished.faults.len(),
        first.fault
    ))
}
