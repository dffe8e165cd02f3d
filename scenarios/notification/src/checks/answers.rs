//! Checks that an answer means something: what was acknowledged is there, and what was refused is not.

use chaosdrill::{Check, History, Operation, Outcome};
use serde_json::Value;

use crate::checks::{
    lives::{self, held_during},
    requests::invalid,
    rows::{NOTIFICATIONS, is, steps, text},
};

/// The members of a request that are stored as columns of the same name.
const PARTS: [&str; 5] = ["id", "type", "channel", "recipient", "message"];

/// Whether a row has all parts of a request.
fn is_what_was_wished(row: &Value, wish: &Value) -> bool {
    PARTS.iter().all(|part| row[*part] == wish[*part])
}

/// A notification that was accepted is stored with all of its parts when the answer arrives.
pub(crate) fn what_was_accepted_is_there() -> Check {
    Check::new("what_was_accepted_is_there", |history| {
        let wrong = history.operations("create").filter(Operation::is_ok).find_map(|op| {
            let wish = &op.input()["body"];
            let table = lives::at(history, op.end?.seq);
            let why = match table.get(text(wish, "id")) {
                None => "a notification was accepted, but does not exist",
                Some(row) if !is_what_was_wished(row, wish) => {
                    "a notification was accepted, but another is stored under its id"
                }
                Some(_) => return None,
            };
            Some(invalid(&op, why))
        });
        Outcome::unless(wrong)
    })
}

/// A notification that was refused is not stored, unless another request for it was accepted or has no answer.
pub(crate) fn what_was_refused_is_not_there() -> Check {
    Check::new("what_was_refused_is_not_there", |history| {
        let wrong = history.operations("create").filter(Operation::is_fail).find(|op| {
            let wish = &op.input()["body"];
            let is_stored = |row: &&Value| is_what_was_wished(row, wish);
            let is_stored = history.last_rows(NOTIFICATIONS).iter().any(is_stored);
            let asked_otherwise =
                |other: Operation<'_>| !other.is_fail() && other.input()["body"] == *wish;
            is_stored && !history.operations("create").any(asked_otherwise)
        });
        Outcome::unless(wrong.map(|op| invalid(&op, "a notification was refused, and is stored")))
    })
}

/// A requeue or a read that was acknowledged has happened, and one that was refused names a status that the
/// notification had.
pub(crate) fn changes_are_as_answered() -> Check {
    Check::new("changes_are_as_answered", |history| {
        let all = history.operations("requeue").chain(history.operations("read"));
        let wrong = all.into_iter().find_map(|op| {
            let id = op.input()["path"].as_str()?.split('/').nth(2)?;
            let why = if op.is_ok() {
                why_not_done(history, &op, id)
            } else if op.is_fail() {
                why_not_refused(history, &op, id)
            } else {
                None
            };
            why.map(|why| invalid(&op, why))
        });
        Outcome::unless(wrong)
    })
}

fn why_not_done(history: &History, op: &Operation<'_>, id: &str) -> Option<&'static str> {
    let end = op.end?.seq;
    if op.invoke.name == "read" {
        let table = lives::at(history, end);
        let is_read = table.get(id).is_some_and(|row| is(row, "read"));
        return (!is_read).then_some("a notification was marked as read, but is not read");
    }
    let is_requeued = steps(history).into_iter().any(|step| {
        let seq = step.change.event.seq;
        let is_during = op.invoke.seq < seq && seq < end;
        is_during
            && step.change.key == id
            && is(step.after, "pending")
            && !is(step.before, "pending")
    });
    (!is_requeued).then_some("a requeue was acknowledged, but did not happen")
}

fn why_not_refused(history: &History, op: &Operation<'_>, id: &str) -> Option<&'static str> {
    let said = text(&op.output()["body"], "status");
    let had = held_during(history, op, |table| match table.get(id) {
        Some(row) => is(row, said),
        // An unknown notification has no status.
        None => said.is_empty(),
    });
    (!had).then_some("a change was refused because of a status that the notification did not have")
}
