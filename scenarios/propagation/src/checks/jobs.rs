//! Checks that a job has one live execution, and that stuck jobs are rescued.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill::{Check, Event, History, Outcome, Priority};
use chaosdrill_scenarios_common::checks::{
    holders::{self, Holding},
    rest,
    rows::Items,
};
use serde_json::Value;

use crate::checks::{
    backstop, rounds,
    rows::{JOBS, int, text},
};

const JOB_TIMEOUT: Duration = Duration::from_secs(20 * 60);
const RESCUE_AFTER: Duration = Duration::from_secs(25 * 60);
const KEPT: Duration = Duration::from_secs(60 * 60);

/// The scan interval of 30 s, plus the time for its statements.
const SCAN: Duration = Duration::from_secs(45);

/// The time within which a job with no work ends easily.
const JUST_MADE: Duration = Duration::from_secs(1);

/// The time after which the library would rescue a job by default.
const DERIVED: Duration = Duration::from_secs(80 * 60);

/// No job is executed twice at once, unless the first execution should have ended.
pub(crate) fn one_live_execution_per_job() -> Check {
    let mut check = holders::holders_do_not_overlap(Holding {
        noun: "job",
        begin: "job.begun",
        end: "job.ended",
        item: "job",
        lease: Some(JOB_TIMEOUT),
    });
    "one_live_execution_per_job".clone_into(&mut check.name);
    check
}

/// Every program reports at its start that it uses the agreed rescue time.
pub(crate) fn the_rescue_is_pinned() -> Check {
    Check::new("the_rescue_is_pinned", |history| {
        let wrong = history.observed("worker.started").find(|event| {
            let rescue = event.int("rescue_after_s").and_then(|s| u64::try_from(s).ok());
            let rescue = Duration::from_secs(rescue.unwrap_or_default());
            rescue != RESCUE_AFTER || rescue <= JOB_TIMEOUT || rescue >= DERIVED
        });
        Outcome::unless(wrong.map(|event| {
            let why = format!(
                "#{} {} rescues jobs after {} s, but the limit is 1500 s",
                event.seq,
                event.host,
                event.get("rescue_after_s")
            );
            Outcome::invalid(why, [event.seq])
        }))
    })
    .priority(Priority::Low)
}

/// A job whose worker is gone runs again, or ends, soon after the rescue is due.
pub(crate) fn stuck_jobs_are_rescued_in_time() -> Check {
    Check::new("stuck_jobs_are_rescued_in_time", |history| {
        let end = history.events().last().map_or(0, chaosdrill::Event::wall_ms);
        let changes = history.rows(JOBS);
        let wrong = changes.iter().enumerate().find_map(|(index, change)| {
            let row = change.after.filter(|row| text(row, "state") == "running")?;
            let next = changes[index + 1..].iter().find(|next| next.key == change.key);
            let until = next.map_or(end, |next| next.event.wall_ms());
            let due = int(row, "attempted_at") + RESCUE_AFTER.as_millis() as i64;
            let late = u64::try_from(until - due - SCAN.as_millis() as i64).ok()?;
            let late = Duration::from_millis(late);
            (!late.is_zero() && !is_excused(history, change.event.at(), late))
                .then_some((change, late))
        });
        Outcome::unless(wrong.map(|(change, late)| {
            let seq = change.event.seq;
            let why = format!(
                "#{seq} job {} has run since then, and is rescued {} s too late",
                change.key,
                late.as_secs()
            );
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Medium)
}

/// Whether the workers were held up for so long that a rescue could not come earlier.
fn is_excused(history: &History, begun: Duration, late: Duration) -> bool {
    let due = begun + RESCUE_AFTER;
    late <= rounds::held_up(history, (due, due + SCAN + late), &[], Duration::ZERO)
}

/// A job that is over is deleted by the first round of the reconciler after an hour, and not before: its row shows that
/// the job of its period was made. Only a fault of the round itself makes it later.
pub(crate) fn finished_jobs_are_forgotten() -> Check {
    Check::new("finished_jobs_are_forgotten", |history| {
        let jobs = kept_jobs(history);
        let round = backstop::PERIOD + SCAN;
        let early = jobs.iter().find(|job| job.is_gone && job.until < job.made + KEPT);
        let late = || {
            jobs.iter().find(|job| {
                let Some(over) = job.over else { return false };
                let due = over.max(job.made + KEPT);
                let late = job.until.saturating_sub(due + round);
                !late.is_zero() && late > held_up(history, due, job.until)
            })
        };
        Outcome::unless(early.or_else(late).map(|job| {
            let why = format!(
                "#{} the job is kept for {} s; an hour and a round are right",
                job.seq,
                job.until.saturating_sub(job.made).as_secs()
            );
            Outcome::invalid(why, [job.seq])
        }))
    })
    .priority(Priority::Low)
}

fn held_up(history: &History, from: Duration, to: Duration) -> Duration {
    rounds::held_up(history, (from, to), &rounds::CLEANING, backstop::PERIOD + backstop::TICK)
}

/// How long the row of a job was kept.
struct Kept {
    seq: u64,
    made: Duration,
    /// When the job had ended, if it had.
    over: Option<Duration>,
    /// When the row was deleted, or the run ended.
    until: Duration,
    is_gone: bool,
}

fn kept_jobs(history: &History) -> Vec<Kept> {
    let end = history.events().last().map(Event::at).unwrap_or_default();
    let mut kept: BTreeMap<String, Kept> = BTreeMap::new();
    for change in history.rows(JOBS) {
        let (seq, at) = (change.event.seq, change.event.at());
        let scheduled_at = change.after.map_or(0, |row| int(row, "scheduled_at"));
        let age_ms = u64::try_from(change.event.wall_ms() - scheduled_at).unwrap_or_default();
        let job = kept.entry(change.key.to_string()).or_insert(Kept {
            seq,
            made: at.saturating_sub(Duration::from_millis(age_ms)),
            over: None,
            until: end,
            is_gone: false,
        });
        match change.after {
            Some(row) if ["completed", "discarded"].contains(&job_state(row)) => {
                job.over.get_or_insert(at);
            }
            Some(_) => job.over = None,
            None => (job.until, job.is_gone) = (at, true),
        }
    }
    kept.into_values().collect()
}

/// No job stays open, except those that were just created.
pub(crate) fn every_job_comes_to_rest() -> Check {
    let items =
        Items { noun: "job", watch: JOBS, state: job_state, terminal: &["completed", "discarded"] };
    let mut check = rest::every_item_comes_to_rest_but(items, is_new);
    "every_job_comes_to_rest".clone_into(&mut check.name);
    check
}

/// Whether a job was created just before the end of the run. Jobs are created forever, and the run may end between the
/// creation of one and its end.
fn is_new(history: &History, job: &Value) -> bool {
    let made = history.rows(JOBS).into_iter().find(|change| change.key == job);
    let end = history.events().last().map(Event::at);
    end.zip(made).is_some_and(|(end, made)| end.saturating_sub(made.event.at()) < JUST_MADE)
}

fn job_state(row: &Value) -> &str {
    text(row, "state")
}
