//! Checks that work which fails for long keeps no other work waiting.

use std::time::Duration;

use chaosdrill::{Check, Event, History, Outcome};
use chaosdrill_scenarios_common::checks::idle::idle_time;
use serde_json::Value;

use crate::checks::{
    mails::HEARD,
    rows::{AUDITS, LEAKS, RESOURCES, has_backend, is, text},
};

/// The longest wait for the reaper: it runs each minute, and a round of what it has to do may take it a few passes.
const REAPER_WAIT_MAX: Duration = Duration::from_secs(5 * 60);

/// The longest wait for the forwarder, which runs each five minutes.
const MAIL_WAIT_MAX: Duration = Duration::from_secs(15 * 60);

/// Each ended resource and each leak is tried by the reaper, and each mail owed by the forwarder, in bounded time,
/// whatever becomes of others. Time in which the job could do nothing does not count.
pub(crate) fn everything_gets_its_turn() -> Check {
    Check::new("everything_gets_its_turn", |history| {
        let now = history.events().last().map(Event::at).unwrap_or_default();
        let late = owed(history).into_iter().find_map(|(since, job, id)| {
            let (host, tried, wait_max) = job;
            let mut tries = history.observed(tried).filter(|event| {
                event.seq > since.seq && [event.text("token"), event.text("resource")].contains(&id)
            });
            let until = tries.next().map_or(now, Event::at);
            let idle = idle_time(history, host, since.at(), until);
            let waited = until.saturating_sub(since.at()).saturating_sub(idle);
            (waited > wait_max).then_some((since.seq, id, waited))
        });
        Outcome::unless(late.map(|(seq, id, waited)| {
            let why = format!("{id} has waited for its turn since #{seq}; for {waited:?}");
            Outcome::invalid(why, [seq])
        }))
    })
}

/// A job: its host, how the outside world notices that it tries something, and the longest wait for it.
type Job = (&'static str, &'static str, Duration);

const REAPER: Job = ("reaper", "backend.delete_asked", REAPER_WAIT_MAX);

const FORWARDER: Job = ("forwarder", "mailer.asked", MAIL_WAIT_MAX);

/// Everything that is owed a try: since when, by which job, and of what.
fn owed<'a>(history: &'a History<'_>) -> Vec<(&'a Event, Job, &'a str)> {
    let mut owed = Vec::new();
    for change in history.rows(RESOURCES) {
        let has_ended = |row: &Value| is(row, &["expired"]) && has_backend(row);
        if change.after.is_some_and(has_ended) && !change.before.is_some_and(has_ended) {
            let id = change.key.as_str().unwrap_or_default();
            owed.push((change.event, REAPER, id));
        }
    }
    for change in history.rows(LEAKS) {
        if change.before.is_none() {
            let id = change.key.as_str().unwrap_or_default();
            owed.push((change.event, REAPER, id));
        }
    }
    let rows = history.last_rows(RESOURCES);
    for change in history.rows(AUDITS) {
        let Some(audit) = change.after.filter(|audit| HEARD.contains(&text(audit, "kind"))) else {
            continue;
        };
        let id = text(audit, "resource_id");
        let is_of_it = |row: &&Value| text(row, "resource_id") == id;
        if rows.iter().any(|row| is_of_it(row) && !text(row, "team").is_empty()) {
            owed.push((change.event, FORWARDER, id));
        }
    }
    owed
}
