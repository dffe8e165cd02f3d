//! Checks that an error is retried if it is transient and given up if it is permanent, according to a reference.

use std::collections::BTreeMap;

use chaosdrill::{
    Check, Event, Outcome, Priority,
    fault::{Act, ErrorKind},
    vocabulary::{FaultChange, HostChange},
};
use chaosdrill_scenarios_common::checks::fault_free::where_only_hurt_at;
use serde_json::Value;

use crate::checks::rows::{INBOX, by_message, text};

/// Whether the root cause of an error is transient, according to the databases' own documentation.
pub(crate) fn passes(cause: &str) -> bool {
    match cause {
        // Another writer was first, is ahead, or has not written yet; the connection broke; a failpoint injected it.
        "concurrent_write" | "not_found" | "lock" | "lock_expired" | "io" | "pool" | "injected" => {
            true
        }
        // PostgreSQL: serialization failure, deadlock, shutdown, crash, start-up.
        "40001" | "40P01" | "57P01" | "57P02" | "57P03" => true,
        code if code.len() == 5 => code.starts_with("08") || code.starts_with("53"),
        // SQLite: BUSY, LOCKED, IOERR, FULL and CANTOPEN, with their extended forms.
        code => code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14)),
    }
}

/// Whether the root cause is an error of the database, or of the way to it.
pub(crate) fn is_of_the_database(cause: &str) -> bool {
    is_code(cause) || matches!(cause, "io" | "pool")
}

/// Whether the root cause is that others held the database: SQLite's BUSY, with its extended forms.
pub(crate) fn is_busy(cause: &str) -> bool {
    cause.parse::<u32>().is_ok_and(|code| code & 0xff == 5)
}

/// Whether the root cause is a SQLSTATE or a code of SQLite.
fn is_code(cause: &str) -> bool {
    let is_sqlstate = cause.len() == 5 && cause.chars().all(|c| c.is_ascii_alphanumeric());
    is_sqlstate || cause.parse::<u32>().is_ok()
}

/// A sender is asked to retry if, and only if, a retry may help.
pub(crate) fn status_code_follows_the_error_kind() -> Check {
    Check::new("status_code_follows_the_error_kind", |history| {
        // Each answer is judged by itself, even if the sender never gets a final one.
        for answer in history.observed("sender.answered") {
            let (status, cause) = (answer.int("status"), answer.text("cause"));
            // An answer without a cause is a success, or has lost it, which is judged elsewhere.
            let expected = match (cause, status) {
                ("", _) | (_, None) => continue,
                (cause, _) if passes(cause) => 503,
                _ => 422,
            };
            if status != Some(expected) {
                let why = format!(
                    "#{} the answer to an error of kind {cause} was {}, not {expected}",
                    answer.seq,
                    answer.get("status")
                );
                return Outcome::invalid(why, [answer.seq]);
            }
        }
        Outcome::valid()
    })
    .priority(Priority::Medium)
}

/// A command whose id was recorded for another account meanwhile is refused for good: its sender is told so, and does
/// not send it again. Judged if only these steps fail.
pub(crate) fn a_taken_id_is_a_final_refusal(sites: &'static [&'static str]) -> Check {
    let check = Check::new("a_taken_id_is_a_final_refusal", |history| {
        let is_taken = |event: &&Event| {
            let Some(FaultChange::Struck(strike)) = event.fault() else { return false };
            strike.site() == Some("sql:commands.record")
                && strike.act() == Some(Act::Error(ErrorKind::Unique))
        };
        let wrong = history.events().iter().filter(is_taken).find(|taken| {
            let answers = history.observed("sender.answered").filter(|it| it.seq > taken.seq);
            let mut refusals = answers.filter(|it| it.text("cause") == "duplicate_command");
            !refusals.any(|it| it.int("status") == Some(422))
        });
        Outcome::unless(wrong.map(|taken| {
            let why = format!("#{} an id is taken, and no sender is told", taken.seq);
            Outcome::invalid(why, [taken.seq])
        }))
    });
    where_only_hurt_at(check.priority(Priority::Medium), sites)
}

/// An error reports its root cause, as a code of the database or as an agreed word. If the cause is lost on the way up,
/// it can no longer decide between a retry and giving up.
pub(crate) fn errors_keep_their_cause() -> Check {
    const SAYING: [&str; 3] = ["sender.answered", "consumer.failed", "dispatcher.pass_failed"];
    const WORDS: [&str; 15] = [
        "concurrent_write",
        "not_found",
        "lock",
        "lock_expired",
        "io",
        "pool",
        "injected",
        "model",
        "replay",
        "gap",
        "invalid_state",
        "identity",
        "duplicate_command",
        "malformed",
        "decode",
    ];
    Check::new("errors_keep_their_cause", move |history| {
        let said = SAYING.iter().flat_map(|name| history.observed(name));
        let lost = said.into_iter().find(|event| {
            // Of the answers to senders, some are no errors, and some did not arrive.
            let is_error = event.name != "sender.answered"
                || event.int("status").is_some_and(|status| status >= 400);
            let cause = event.text("cause");
            is_error && !is_code(cause) && !WORDS.contains(&cause)
        });
        Outcome::unless(lost.map(|event| {
            let (seq, cause) = (event.seq, event.text("cause"));
            Outcome::invalid(format!("#{seq} the cause of an error is lost: {cause:?}"), [seq])
        }))
    })
    .priority(Priority::Medium)
}

/// A message that fails at the consumer with a transient error is never dead-lettered for it.
pub(crate) fn transient_errors_are_retried() -> Check {
    Check::new("transient_errors_are_retried", |history| {
        let failures = by_message(history, "consumer.failed");
        let dead =
            history.last_rows(INBOX).into_iter().filter(|row| text(row, "outcome") == "dead");
        for row in dead {
            let message = text(row, "message_id");
            let Some(last) = failures.get(message).and_then(|events| events.last()) else {
                continue;
            };
            if passes(last.text("cause")) {
                let why = format!(
                    "#{} message {message} failed with {}, which is transient, and was given up",
                    last.seq,
                    last.text("cause")
                );
                return Outcome::invalid(why, [last.seq]);
            }
        }
        Outcome::valid()
    })
}

/// A message that can never be applied is tried once, and dead-lettered.
pub(crate) fn permanent_errors_are_tried_once() -> Check {
    Check::new("permanent_errors_are_tried_once", |history| {
        let failures = by_message(history, "consumer.failed");
        let put_aside: BTreeMap<&str, Vec<&Event>> = by_message(history, "consumer.give_up_failed");
        for (message, events) in failures {
            let lasting: Vec<&&Event> =
                events.iter().filter(|event| !passes(event.text("cause"))).collect();
            // Dead-lettering may fail too, or the host may crash meanwhile: then another attempt is right.
            let excused = put_aside.get(message).map_or(0, Vec::len)
                + deaths(history, lasting.first().copied().copied());
            if lasting.len() > 1 + excused {
                let why = format!(
                    "message {message} failed {} times with {}, which is permanent",
                    lasting.len(),
                    lasting[0].text("cause")
                );
                return Outcome::invalid(why, lasting.iter().map(|event| event.seq).take(2));
            }
        }
        Outcome::valid()
    })
    .priority(Priority::Medium)
}

/// The number of crashes of an event's host since that event.
fn deaths(history: &chaosdrill::History, since: Option<&Event>) -> usize {
    let Some(since) = since else { return 0 };
    let downs = history.of_kind(chaosdrill::EventKind::Host, HostChange::DOWN);
    downs
        .filter(|event| {
            event.host == since.host && event.seq > since.seq && event.data != Value::Null
        })
        .count()
}

/// If an account cannot be loaded, the answer names the event that is responsible.
pub(crate) fn a_refusal_names_the_event(account: &'static str, event: &'static str) -> Check {
    Check::new("a_refusal_names_the_event", move |history| {
        for op in history.operations("show") {
            let Some(end) = op.end else { continue };
            let body = &end.output()["body"];
            let names = text(body, "error").contains(event);
            if op.input()["account"] == account && !names {
                let why = format!("#{} the answer does not name {event}: {body}", end.seq);
                return Outcome::invalid(why, [end.seq]);
            }
        }
        Outcome::valid()
    })
}
