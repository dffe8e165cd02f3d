//! Checks how long a message waits between its attempts.

use std::time::Duration;

use chaosdrill::{Check, Event, History, Outcome, Priority};
use chaosdrill_scenarios_common::checks::{fault_free, rows::Step};

use crate::checks::rows::{int, is, steps};

/// The shortest and the longest wait.
const WAIT_MS: (i64, i64) = (1_000, 30_000);

/// A message that is given back waits for 1 s, and twice as long after each further attempt, up to 30 s. Nobody claims
/// it earlier.
pub(crate) fn released_messages_wait_their_time() -> Check {
    Check::new("released_messages_wait_their_time", |history| {
        let odd = steps(history).into_iter().find_map(|step| {
            let why = wrong_wait(history, &step).or_else(|| early_claim(&step))?;
            Some((step, why))
        });
        Outcome::unless(odd.map(|(step, why)| {
            let seq = step.change.event.seq;
            Outcome::invalid(format!("#{seq} message {} {why}", step.change.key), [step.since, seq])
        }))
    })
    .priority(Priority::Medium)
}

/// The wait of a message that was given back, if it is not the one of its attempt.
fn wrong_wait(history: &History<'_>, step: &Step<'_>) -> Option<String> {
    if !is(step.before, "in_flight") || !is(step.after, "pending") {
        return None;
    }
    let change = step.change.event;
    let is_of_it = |said: &&Event| {
        said.seq < change.seq && said.host == change.host && said.get("message") == step.change.key
    };
    let settling = history.observed("outbox.settling").filter(is_of_it).last()?;
    let waits = int(step.after, "next_available_at") - settling.wall_ms();
    let attempt = int(step.after, "attempts");
    let doublings = u32::try_from(attempt - 1).unwrap_or_default();
    let right = 2_i64.saturating_pow(doublings).saturating_mul(WAIT_MS.0).min(WAIT_MS.1);
    (waits != right)
        .then(|| format!("waits for {waits} ms after attempt {attempt}; it should be {right} ms"))
}

/// A dispatcher whose batch was full looks for more at once: it does not let a poll go by between two batches.
pub(crate) fn a_full_batch_is_followed_at_once(batch: usize, poll: Duration) -> Check {
    let check = Check::new("a_full_batch_is_followed_at_once", move |history| {
        let claims: Vec<&Event> = history.observed("outbox.claimed").collect();
        let mut passes = claims.chunk_by(|a, b| b.at().saturating_sub(a.at()) < poll);
        let full = passes.find(|pass| pass.len() == batch);
        Outcome::unless(full.map(|pass| {
            let seq = pass[batch - 1].seq;
            let why = format!("#{seq} was the last of a full batch, and no other followed at once");
            Outcome::invalid(why, [seq])
        }))
    });
    fault_free::where_fault_free(check.priority(Priority::Medium))
}

fn early_claim(step: &Step<'_>) -> Option<String> {
    let is_claim = is(step.before, "pending") && is(step.after, "in_flight");
    let left = int(step.before, "next_available_at") - step.change.event.wall_ms();
    (is_claim && left > 0).then(|| format!("was claimed {left} ms before its time"))
}
