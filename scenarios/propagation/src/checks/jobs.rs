//! Checks that a job has one live execution, and that stuck jobs are rescued.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill::{Check, Event, EventKind, History, Outcome, Priority, vocabulary::HostChange};
use chaosdrill_scenarios_common::checks::{
    holders::{self, Holding},
    rest,
    rows::Items,
};
use serde_json::Value;

use crate::checks::{
    backstop,
    rows::{DISTURBED, JOBS, int, is_disturbed, text},
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
            let late = until - due - SCAN.as_millis() as i64;
            (late > 0 && !is_excused(history, change.event.at(), late)).then_some((change, late))
        });
        Outcome::unless(wrong.map(|(change, late)| {
            let seq = change.event.seq;
            let why = format!(
                "#{seq} job {} has run since then, and is rescued {} s too late",
                change.key,
                late / 1000
            );
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Medium)
}

/// Whether a delay is excused, because the rescuer itself was delayed.
fn is_excused(history: &History, begun: Duration, late_ms: i64) -> bool {
    const HELD_UP_MAX_MS: i64 = 20 * 60 * 1000;
    let due = begun + RESCUE_AFTER;
    let (from, to) = (due.saturating_sub(Duration::from_secs(15 * 60)), due + SCAN);
    let is_down = history.events().iter().any(|event| {
        let is_down = matches!(event.host_change(), Some(HostChange::Down(_)));
        is_down && (from..=to).contains(&event.at())
    });
    late_ms < HELD_UP_MAX_MS && (is_down || is_disturbed(history, from, to))
}

/// A job that is over is deleted by the first round of the reconciler after an hour, and not before: its row shows that
/// the job of its period was made.
pub(crate) fn finished_jobs_are_forgotten() -> Check {
    Check::new("finished_jobs_are_forgotten", |history| {
        let end = history.events().last().map_or(0, Event::wall_ms);
        let mut made: BTreeMap<String, (&Event, i64)> = BTreeMap::new();
        let mut gone = Vec::new();
        for change in history.rows(JOBS) {
            let key = change.key.to_string();
            match change.after {
                Some(row) => {
                    made.entry(key).or_insert((change.event, int(row, "scheduled_at")));
                }
                None => gone.extend(
                    made.remove(&key).map(|(event, at)| (event, at, change.event.wall_ms())),
                ),
            }
        }
        let kept = KEPT.as_millis() as i64;
        let round = (backstop::PERIOD + SCAN).as_millis() as i64;
        let early = gone.iter().find(|(_, made, gone)| gone - made < kept);
        let ends = made.values().map(|(event, made)| (*event, *made, end));
        let late = gone.iter().copied().chain(ends).find(|(_, made, until)| {
            until - made > kept + round && !is_excused_at(history, made + kept, *until)
        });
        Outcome::unless(early.copied().or(late).map(|(event, made, until)| {
            let why = format!(
                "#{} the job is kept for {} s; an hour and a round are right",
                event.seq,
                (until - made) / 1000
            );
            Outcome::invalid(why, [event.seq])
        }))
    })
    .priority(Priority::Low)
}

/// Whether a fault can have cost the reconciler a round between these instants of the wall clock.
fn is_excused_at(history: &History, from_ms: i64, to_ms: i64) -> bool {
    let from_ms = from_ms - DISTURBED.as_millis() as i64;
    history
        .events()
        .iter()
        .any(|event| event.kind == EventKind::Fault && (from_ms..=to_ms).contains(&event.wall_ms()))
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
