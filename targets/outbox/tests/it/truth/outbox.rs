//! Claims and settles.

use chaosdrill_core::{Event, History, history::RowChange};
use serde_json::Value;

use super::{int, text, witness};

/// 2026-01-01T00:00:00Z, where every simulation begins.
const START_MS: i64 = 1_767_225_600_000;

/// How often the pipelines of these tests may claim a message.
pub(crate) const ATTEMPTS_MAX: i64 = 8;

/// Each change of a row that is a claim, with the row before and after.
fn claims(history: &History) -> Vec<(&Event, &Value, &Value)> {
    let is_claim = |before: &Value, after: &Value| {
        let columns = ["status", "claimed_by", "claimed_until", "attempts"];
        text(after, "status") == "in_flight"
            && columns.iter().any(|column| before[column] != after[column])
    };
    let mut claims = Vec::new();
    for change in history.rows("outbox") {
        if let (Some(before), Some(after)) = (change.before, change.after)
            && is_claim(before, after)
        {
            claims.push((change.event, before, after));
        }
    }
    claims
}

pub(super) fn attempts_grow(history: &History) -> Option<String> {
    let slipped = |(_, before, after): &(&Event, &Value, &Value)| {
        int(after, "attempts") != int(before, "attempts") + 1
    };
    claims(history).into_iter().find(slipped).map(|(event, ..)| witness("no new attempt", event))
}

pub(super) fn attempts_stay(history: &History) -> Option<String> {
    let rows = history.last_rows("outbox").into_iter();
    let mut over = rows.filter(|row| int(row, "attempts") > ATTEMPTS_MAX);
    over.next().map(|row| format!("{row}"))
}

pub(super) fn one_live_holder(history: &History) -> Option<String> {
    let stolen = |(event, before, _): &(&Event, &Value, &Value)| {
        let now_ms = START_MS + (event.at_ns / 1_000_000) as i64;
        text(before, "status") == "in_flight" && int(before, "claimed_until") > now_ms
    };
    claims(history).into_iter().find(stolen).map(|(event, ..)| witness("still held", event))
}

/// A settle that was accepted ended the claim under which it was made.
pub(super) fn settled_by_holder(history: &History) -> Option<String> {
    let changes = history.rows("outbox");
    let says = |name: &'static str| history.observed(name);
    let unfounded = |settled: &&Event| {
        let same = |other: &&Event| {
            other.host == settled.host && other.data == settled.data && other.seq < settled.seq
        };
        let began = says("outbox.settling").filter(same).last().map_or(0, |event| event.seq);
        let ended_it = |change: &RowChange<'_>| {
            let (Some(before), Some(after)) = (change.before, change.after) else { return false };
            (began..settled.seq).contains(&change.event.seq)
                && before["message_id"] == *settled.get("message")
                && before["status"] == "in_flight"
                && before["claimed_by"] == *settled.get("worker")
                && before["attempts"] == *settled.get("attempt")
                && after["status"] != "in_flight"
        };
        !changes.iter().any(ended_it)
    };
    says("outbox.settled").find(unfounded).map(|event| witness("settled without a claim", event))
}

fn accepted(history: &History, message: &Value, before: u64) -> bool {
    let mut accepted = history.observed("broker.accepted");
    accepted.any(|event| event.get("message") == message && event.seq < before)
}

pub(super) fn published_means_accepted(history: &History) -> Option<String> {
    let lost = |change: &RowChange<'_>| {
        change.after.is_some_and(|after| {
            text(after, "status") == "published"
                && !accepted(history, &after["message_id"], change.event.seq)
        })
    };
    let changes = history.rows("outbox");
    changes.iter().find(|change| lost(change)).map(|change| witness("lost", change.event))
}

/// What this release can read and the broker will take is published in the end.
pub(super) fn all_published(history: &History) -> Option<String> {
    let is_sound = |row: &&&Value| {
        serde_json::from_str::<Value>(text(row, "payload")).is_ok()
            && !text(row, "payload").contains("never")
    };
    let rows = history.last_rows("outbox");
    let mut left = rows.iter().filter(is_sound).filter(|row| text(row, "status") != "published");
    left.next().map(|row| format!("not published: {row}"))
}

pub(super) fn delivered_or_dead(history: &History) -> Option<String> {
    let is_over = |row: &&Value| match text(row, "status") {
        "published" => accepted(history, &row["message_id"], u64::MAX),
        "failed" => !row["last_error"].is_null(),
        _ => false,
    };
    let rows = history.last_rows("outbox");
    rows.into_iter().find(|row| !is_over(row)).map(|row| format!("in limbo: {row}"))
}
