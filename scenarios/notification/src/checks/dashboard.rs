//! Checks what the dashboard shows.

use std::collections::BTreeMap;

use chaosdrill::{Check, History, Operation, Outcome, Priority};
use serde_json::Value;

use crate::checks::rows::{NOTIFICATIONS, text};

/// The number of notifications by status.
type Counts = BTreeMap<String, i64>;

/// The counts at each instant of an operation: those at its beginning, and after each change.
fn counts_during(history: &History, from: u64, until: u64) -> Vec<Counts> {
    let mut counts = Counts::new();
    let mut held = Vec::new();
    for change in history.rows(NOTIFICATIONS) {
        let seq = change.event.seq;
        if seq > until {
            break;
        }
        if seq > from {
            held.push(counts.clone());
        }
        for (row, by) in [(change.before, -1), (change.after, 1)] {
            if let Some(row) = row {
                *counts.entry(text(row, "status").to_owned()).or_default() += by;
            }
        }
        counts.retain(|_, count| *count != 0);
    }
    held.push(counts);
    held
}

fn told(op: &Operation<'_>) -> Option<Counts> {
    let counts = op.end?.output()["body"]["counts"].as_object()?;
    let count = |(status, count): (&String, &Value)| Some((status.clone(), count.as_i64()?));
    counts.iter().map(count).collect()
}

/// If the dashboard shows counts, they were true at some instant during the request.
pub(crate) fn the_dashboard_tells_what_is_there() -> Check {
    Check::new("the_dashboard_tells_what_is_there", |history| {
        for op in history.operations("dashboard").filter(Operation::is_ok) {
            let (Some(end), Some(told)) = (op.end, told(&op)) else { continue };
            let held = counts_during(history, op.invoke.seq, end.seq);
            if !held.contains(&told) {
                let why = format!(
                    "#{} the dashboard shows {told:?}, but there were {:?}",
                    end.seq,
                    held.last().cloned().unwrap_or_default()
                );
                return Outcome::invalid(why, [op.invoke.seq, end.seq]);
            }
        }
        Outcome::valid()
    })
    .priority(Priority::Low)
}

/// The dashboard answers even if something cannot be counted.
pub(crate) fn the_dashboard_survives() -> Check {
    Check::new("the_dashboard_survives", |history| {
        let wrong = history.operations("dashboard").find_map(|op| {
            let statuses = op.end?.output()["statuses"].as_array()?;
            let status = statuses.iter().filter_map(Value::as_i64).find(|status| *status != 200)?;
            Some((op, status))
        });
        Outcome::unless(wrong.map(|(op, status)| {
            let why = format!("#{} the dashboard answered {status}", op.invoke.seq);
            Outcome::invalid(why, op.end.map(|end| end.seq))
        }))
    })
    .priority(Priority::Low)
}
