//! Checks that each call of a notifier has a reason.

use std::collections::BTreeMap;

use chaosdrill::{Check, Outcome};

use crate::checks::rows::{NOTIFICATIONS, int};

/// Each claim of a notification calls the notifier at most once, and every call belongs to a claim. A claim after the
/// first needs a failure that is stored, or a requeue; other checks hold those.
pub(crate) fn each_claim_sends_once() -> Check {
    Check::new("each_claim_sends_once", |history| {
        let changes = history.rows(NOTIFICATIONS);
        let mut changes = changes.iter().peekable();
        let mut claims: BTreeMap<&str, i64> = BTreeMap::new();
        let mut calls: BTreeMap<(&str, i64), u64> = BTreeMap::new();
        for event in history.observed("notifier.asked") {
            while let Some(change) = changes.next_if(|change| change.event.seq < event.seq) {
                let id = change.key.as_str().unwrap_or_default();
                claims.insert(id, change.after.map_or(0, |row| int(row, "attempts")));
            }
            let (seq, id) = (event.seq, event.text("notification"));
            let attempt = event.int("attempt").unwrap_or_default();
            if let Some(first) = calls.insert((id, attempt), seq) {
                let why = format!("#{seq} attempt {attempt} of {id} calls the notifier again");
                return Outcome::invalid(why, [first, seq]);
            }
            if attempt > claims.get(id).copied().unwrap_or_default() {
                let why = format!("#{seq} attempt {attempt} of {id} calls without a claim");
                return Outcome::invalid(why, [seq]);
            }
        }
        Outcome::valid()
    })
}
