//! Who may settle a notification.

use chaosdrill::{Check, Outcome};
use serde_json::Value;

use crate::notification::checks::rows::{int, steps, text};

/// How an attempt may end.
const ENDS: [&str; 4] = ["sent", "failed", "dead", "undeliverable"];

/// A notification is settled by the server that holds it, or taken back once its claim is over.
pub(crate) fn settled_by_the_current_claim() -> Check {
    Check::new("settled_by_the_current_claim", |history| {
        let wrong = steps(history).into_iter().find_map(|step| {
            let (before, after) = (step.before, step.after);
            let is_end = ENDS.contains(&text(after, "status"));
            let is_step =
                text(before, "status") != text(after, "status") || counts(before) != counts(after);
            if !is_end || !is_step {
                return None;
            }
            let why = why_not(before, after, &step.change.event.host)?;
            Some((step, why))
        });
        Outcome::unless(wrong.map(|(step, why)| {
            let seq = step.change.event.seq;
            let why = format!(
                "#{seq} {} made notification {} {}: {why}",
                step.change.event.host,
                step.change.key,
                text(step.after, "status")
            );
            Outcome::invalid(why, [step.since, seq])
        }))
    })
}

fn counts(row: &Value) -> (i64, i64) {
    (int(row, "retry_count"), int(row, "failed_at"))
}

/// Why this host could not end the attempt, if it could not.
fn why_not(before: &Value, after: &Value, host: &str) -> Option<String> {
    if text(before, "status") != "sending" {
        return Some(format!("it was {}, and nobody held it", text(before, "status")));
    }
    let is_over = !after["failed_at"].is_null()
        && int(after, "failed_at") >= int(before, "claimed_until")
        && text(after, "status") != "sent";
    let holder = text(before, "claimed_by");
    (holder != host && !is_over).then(|| format!("{holder} held it"))
}
