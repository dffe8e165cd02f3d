//! Checks who may settle a notification.

use chaosdrill::{Check, Event, Outcome};
use chaosdrill_scenarios_common::checks::{
    rows::Step,
    settling::{self, Settling},
};
use serde_json::Value;

use crate::checks::rows::{NOTIFICATIONS, int, steps, text};

/// The possible ends of an attempt.
const ENDS: [&str; 4] = ["sent", "failed", "dead", "undeliverable"];

/// A notification is settled by the server that holds it, or taken back when its claim is over.
pub(crate) fn settled_by_the_current_claim() -> Check {
    let mut check = settling::only_the_holder_settles(Settling {
        noun: "notification",
        watch: NOTIFICATIONS,
        settles,
        said: None,
        why_not,
    });
    "settled_by_the_current_claim".clone_into(&mut check.name);
    check
}

/// Whether a change ends an attempt.
fn settles(before: &Value, after: &Value) -> bool {
    let is_step =
        text(before, "status") != text(after, "status") || counts(before) != counts(after);
    ENDS.contains(&text(after, "status")) && is_step
}

/// Whoever settles a notification or takes it back is about the attempt that is under way, not about an earlier one:
/// also if the same server has claimed it again meanwhile.
pub(crate) fn settled_under_the_current_attempt() -> Check {
    Check::new("settled_under_the_current_attempt", |history| {
        let is_wrong = |step: &Step<'_>| {
            let (settled, attempt) = (step.change.event, int(step.before, "attempts"));
            let is_under_way = text(step.before, "status") == "sending";
            let mut said = history.observed("claim.settling").filter(|said| {
                said.host == settled.host && step.since < said.seq && said.seq < settled.seq
            });
            let is_said = said.any(|said| {
                said.get("notification") == step.change.key && said.int("attempt") == Some(attempt)
            });
            is_under_way && settles(step.before, step.after) && !is_said
        };
        let wrong = steps(history).into_iter().find(is_wrong);
        Outcome::unless(wrong.map(|step| {
            let seq = step.change.event.seq;
            let why = format!(
                "#{seq} {} settled notification {} under an earlier attempt than {}",
                step.change.event.host,
                step.change.key,
                int(step.before, "attempts")
            );
            Outcome::invalid(why, [step.since, seq])
        }))
    })
}

fn counts(row: &Value) -> (i64, i64) {
    (int(row, "retry_count"), int(row, "failed_at"))
}

/// Why the host was not entitled to end the attempt; `None` if it was.
fn why_not(step: &Step<'_>, settled: &Event) -> Option<String> {
    let (before, after) = (step.before, step.after);
    let status = text(after, "status");
    if text(before, "status") != "sending" {
        let was = text(before, "status");
        return Some(format!("as {status}; it was {was}, and had no holder"));
    }
    let is_over = !after["failed_at"].is_null()
        && int(after, "failed_at") >= int(before, "claimed_until")
        && status != "sent";
    let holder = text(before, "claimed_by");
    (holder != settled.host && !is_over).then(|| format!("as {status}; {holder} held it"))
}
