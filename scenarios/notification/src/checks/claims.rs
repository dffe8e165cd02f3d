//! Checks who may settle a notification.

use chaosdrill::{Check, Event};
use chaosdrill_scenarios_common::checks::{
    rows::Step,
    settling::{self, Settling},
};
use serde_json::Value;

use crate::checks::rows::{NOTIFICATIONS, int, text};

/// The possible ends of an attempt.
const ENDS: [&str; 4] = ["sent", "failed", "dead", "undeliverable"];

/// A notification is settled by the server that holds it, or taken back when its claim is over.
pub(crate) fn settled_by_the_current_claim() -> Check {
    let mut check = settling::only_the_holder_settles(Settling {
        noun: "notification",
        watch: NOTIFICATIONS,
        settles: |before, after| {
            let is_step =
                text(before, "status") != text(after, "status") || counts(before) != counts(after);
            ENDS.contains(&text(after, "status")) && is_step
        },
        said: None,
        why_not,
    });
    "settled_by_the_current_claim".clone_into(&mut check.name);
    check
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
