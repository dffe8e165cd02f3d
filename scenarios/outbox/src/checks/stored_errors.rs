//! Checks that an error is written down as it was.

use chaosdrill::{Check, Event, History, Outcome, Priority, RowChange};
use chaosdrill_scenarios_common::checks::rows::Step;
use serde_json::Value;

use crate::checks::{
    rows::{INBOX, int, is, is_burial, steps, text},
    troubles::is_hurt,
};

/// An attempt that fails, and a message that can never be applied, leave their whole error behind: as the host said it,
/// and with what the broker or the database said to the host.
pub(crate) fn errors_are_stored_whole() -> Check {
    Check::new("errors_are_stored_whole", |history| {
        let odd = of_attempts(history)
            .or_else(|| of_dead_messages(history))
            .or_else(|| without_its_root(history));
        Outcome::unless(odd.map(|Odd { seq, of, stored, said, right }| {
            let why =
                format!("#{seq} the error of {of} is stored as {stored:?}, but it was {right:?}");
            Outcome::invalid(why, said.into_iter().chain([seq]))
        }))
    })
    .priority(Priority::Medium)
}

/// An error that is not stored as it was.
struct Odd<'a> {
    seq: u64,
    of: &'a Value,
    stored: &'a str,
    /// The event that tells how it was.
    said: Option<u64>,
    right: String,
}

impl<'a> Odd<'a> {
    /// `None` if the error is stored as the host reported it.
    fn unless_said(change: &RowChange<'a>, stored: &'a str, said: Option<&Event>) -> Option<Self> {
        let right = said.map_or("no error at all", |event| event.text("error"));
        let odd = || Self {
            seq: change.event.seq,
            of: change.key,
            stored,
            said: said.map(|event| event.seq),
            right: right.to_owned(),
        };
        (said.is_none() || stored != right).then(odd)
    }
}

/// The failed attempts, each with the error that was stored.
fn failed_attempts<'a>(history: &'a History<'_>) -> impl Iterator<Item = (Step<'a>, &'a str)> {
    let failed = steps(history).into_iter().filter(|step| {
        let has_failed = is(step.after, "pending") || is(step.after, "failed");
        is(step.before, "in_flight") && has_failed && !is_burial(step.after)
    });
    failed.map(|step| {
        let stored = text(step.after, "last_error");
        (step, stored)
    })
}

fn of_attempts<'a>(history: &'a History<'_>) -> Option<Odd<'a>> {
    failed_attempts(history).find_map(|(step, stored)| {
        let change = step.change.event;
        let is_of_it =
            |said: &Event| said.host == change.host && said.get("message") == step.change.key;
        let said =
            last(history, &["outbox.publish_failed", "outbox.corrupt"], change.seq, is_of_it);
        Odd::unless_said(&step.change, stored, said)
    })
}

/// The messages that the consumer gave up, each with the error that was stored.
fn dead_messages<'a>(
    history: &'a History<'_>,
) -> impl Iterator<Item = (RowChange<'a>, &'a str, Option<&'a Event>)> {
    history.rows(INBOX).into_iter().filter_map(|change| {
        let row = change.after.filter(|row| text(row, "outcome") == "dead")?;
        let is_of_it = |said: &Event| said.get("message") == change.key;
        let said = last(history, &["consumer.failed"], change.event.seq, is_of_it);
        Some((change, text(row, "error"), said))
    })
}

fn of_dead_messages<'a>(history: &'a History<'_>) -> Option<Odd<'a>> {
    dead_messages(history)
        .find_map(|(change, stored, said)| Odd::unless_said(&change, stored, said))
}

/// An error without what is at its root, according to the broker, to the database's manual, or to the message itself.
fn without_its_root<'a>(history: &'a History<'_>) -> Option<Odd<'a>> {
    let of_attempts = failed_attempts(history).filter_map(|(step, stored)| {
        let root = root_of_attempt(history, &step)?;
        Some((step.change, stored, root))
    });
    let of_dead = dead_messages(history).filter_map(|(change, stored, said)| {
        let root = root_of_code(said?.text("cause"))?;
        Some((change, stored, (None, root.to_owned())))
    });
    let mut lost =
        of_attempts.chain(of_dead).filter(|(_, stored, (_, root))| !stored.contains(root));
    lost.next().map(|(change, stored, (said, right))| Odd {
        seq: change.event.seq,
        of: change.key,
        stored,
        said,
        right,
    })
}

/// What made an attempt fail, with the event that tells it; `None` if that is not known.
fn root_of_attempt(history: &History<'_>, step: &Step<'_>) -> Option<(Option<u64>, String)> {
    if let Err(error) = serde_json::from_str::<Value>(text(step.before, "payload")) {
        return Some((None, error.to_string()));
    }
    let (attempt, change) = (int(step.before, "attempts"), step.change.event);
    let refused = last(history, &["broker.refused"], change.seq, |said| {
        said.get("message") == step.change.key && said.int("attempt") == Some(attempt)
    })?;
    // The refusal may not have arrived.
    let during = step.since..change.seq;
    let is_lost =
        is_hurt(history, &change.host, during.clone()) || is_hurt(history, "broker", during);
    let root =
        || format!("the broker answered {}: {}", refused.get("status"), refused.text("said"));
    (!is_lost).then(|| (Some(refused.seq), root()))
}

/// What SQLite says with its codes of violated constraints.
fn root_of_code(code: &str) -> Option<&'static str> {
    match code {
        "275" => Some("CHECK constraint failed"),
        "1299" => Some("NOT NULL constraint failed"),
        "1555" | "2067" => Some("UNIQUE constraint failed"),
        _ => None,
    }
}

/// The last of these observations before an event.
fn last<'a>(
    history: &'a History<'_>,
    names: &[&str],
    before: u64,
    is_it: impl Fn(&Event) -> bool,
) -> Option<&'a Event> {
    let all = names.iter().flat_map(|name| history.observed(name));
    all.filter(|event| event.seq < before && is_it(event)).max_by_key(|event| event.seq)
}
