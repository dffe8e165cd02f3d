//! Checks what the writers hear that lose a race.

use std::time::Duration;

use chaosdrill::{Check, Event, History, Outcome};
use chaosdrill_scenarios_common::checks::failures::failed_site;

use crate::checks::{
    errors::is_of_the_database,
    rows::{EVENTS, int, text},
    troubles,
};

/// The shortest limit of a turn in any scenario.
const TURN_MAX: Duration = Duration::from_secs(2);

/// A writer that read a version at which another one then committed is told of the conflict.
pub(crate) fn losers_of_a_race_get_a_conflict() -> Check {
    Check::new("losers_of_a_race_get_a_conflict", |history| {
        for begun in history.observed("store.committing") {
            let end = troubles::end_of_turn(history, begun).filter(|end| !end.ends_a_life());
            let Some(end) = end else { continue };
            let Some(winner) = winner_over(history, begun, end) else { continue };
            let cause = end.text("cause");
            let is_told = !end.get("committed").is_null()
                || cause == "concurrent_write"
                || has_failed_otherwise(history, begun, end);
            if !is_told {
                let why = format!(
                    "#{} {} lost account {} to #{winner}, and was told of `{cause}` instead of the conflict",
                    end.seq,
                    begun.text("command"),
                    begun.text("account")
                );
                return Outcome::invalid(why, [begun.seq, winner, end.seq]);
            }
        }
        Outcome::valid()
    })
}

/// The event by which another writer took the place that this one wanted, before its turn ended.
fn winner_over(history: &History<'_>, begun: &Event, end: &Event) -> Option<u64> {
    let place = begun.int("expected").unwrap_or_default() + 1;
    let rows = history.rows(EVENTS).into_iter().take_while(|change| change.event.seq < end.seq);
    let is_winner = |row: &serde_json::Value| {
        text(row, "aggregate_id") == begun.text("account")
            && int(row, "sequence") == place
            && text(row, "correlation_id") != begun.text("command")
    };
    let mut taken = rows.filter(|change| change.after.is_some_and(is_winner));
    taken.next().map(|change| change.event.seq)
}

/// Whether the commit failed before it could find the conflict: its turn lasted too long, another commit held the
/// database for too long, or a fault made one of its statements fail.
fn has_failed_otherwise(history: &History<'_>, begun: &Event, end: &Event) -> bool {
    let (cause, during) = (end.text("cause"), begun.seq..end.seq);
    if cause == "lock_expired" {
        return end.at().saturating_sub(begun.at()) >= TURN_MAX;
    }
    let can_fail = || troubles::can_statement_fail(history, &begun.host, during.clone());
    (is_of_the_database(cause) && can_fail())
        || troubles::was_kept_out(history, cause, during.clone())
}

/// A conflict names the version that the writer had read, and the later one that was in the store.
pub(crate) fn a_conflict_names_both_versions() -> Check {
    Check::new("a_conflict_names_both_versions", |history| {
        let is_conflict = |answer: &&Event| answer.text("cause") == "concurrent_write";
        for answer in history.observed("sender.answered").filter(is_conflict) {
            let version = |name: &str| answer.int(name).unwrap_or(-1);
            let (expected, actual) = (version("expected"), version("actual"));
            let wrote = |begun: &&Event| {
                begun.seq < answer.seq
                    && begun.get("command") == answer.get("command")
                    && begun.int("expected") == Some(expected)
            };
            let begun = history.observed("store.committing").filter(wrote).last();
            let stored =
                begun.map_or(0, |begun| version_before(history, begun.text("account"), answer.seq));
            // An error injected into the insert looks like a conflict with a writer that does not exist.
            let is_struck =
                begun.is_some_and(|begun| is_struck_at_the_insert(history, begun, answer));
            let is_later = actual > expected || is_struck;
            if begun.is_none() || !is_later || actual > stored {
                let why = format!(
                    "#{} a conflict names the versions {expected} and {actual}; the store was at {stored}",
                    answer.seq
                );
                return Outcome::invalid(
                    why,
                    begun.map(|begun| begun.seq).into_iter().chain([answer.seq]),
                );
            }
        }
        Outcome::valid()
    })
}

/// The version of an account before an event.
pub(crate) fn version_before(history: &History<'_>, account: &str, seq: u64) -> i64 {
    let rows = history.rows(EVENTS).into_iter().take_while(|change| change.event.seq < seq);
    let of_account =
        rows.filter_map(|change| change.after).filter(|row| text(row, "aggregate_id") == account);
    of_account.map(|row| int(row, "sequence")).max().unwrap_or(0)
}

/// Whether the insert of this commit got an injected error.
fn is_struck_at_the_insert(history: &History<'_>, begun: &Event, answer: &Event) -> bool {
    let later = history.on_host(&begun.host).after(begun.seq);
    let mut during = later.iter().take_while(|event| event.seq < answer.seq);
    during.any(|event| failed_site(event) == Some("sql:events.append"))
}
