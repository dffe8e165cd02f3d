//! Checks what was actually sent against the notifier, not against the pipeline.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{Check, Event, Outcome, Priority, RowChange};
use chaosdrill_scenarios_common::checks::{
    fault_free::is_calm,
    outside::{self, Done},
};

use serde_json::Value;

use crate::checks::rows::{DELIVERIES, NOTIFICATIONS, int, is, steps, text};

/// A notification marked as sent has been accepted by a notifier.
pub(crate) fn sent_means_a_notifier_accepted() -> Check {
    outside::done_means_accepted(Done {
        check: "sent_means_a_notifier_accepted",
        noun: "notification",
        watch: NOTIFICATIONS,
        status: "sent",
        observed: "notifier.accepted",
        never: "no notifier ever accepted it",
    })
}

/// What a notifier delivers is what the row says: to the same recipient, through the same channel, with the same type
/// and text. Its key names the notification and the attempt.
pub(crate) fn what_is_delivered_is_what_was_asked_for() -> Check {
    Check::new("what_is_delivered_is_what_was_asked_for", |history| {
        let rows: BTreeMap<&str, &Value> = history
            .rows(NOTIFICATIONS)
            .into_iter()
            .filter_map(|change| Some((change.key.as_str()?, change.after?)))
            .collect();
        let wrong = history.rows(DELIVERIES).into_iter().find_map(|change| {
            let delivered = change.after?;
            let row = rows.get(text(delivered, "notification"));
            let mut parts = ["channel", "type", "recipient", "message"].into_iter();
            let other = parts.find(|part| row.is_none_or(|row| row[*part] != delivered[*part]));
            let other = other.or((!has_its_key(&change)).then_some("key"))?;
            Some((change.event.seq, change.key, other))
        });
        Outcome::unless(wrong.map(|(seq, key, part)| {
            let why = format!("#{seq} the delivery {key} has another {part} than its notification");
            Outcome::invalid(why, [seq])
        }))
    })
}

/// Whether the key of a delivery names its notification and its attempt. An older release counts no attempts.
fn has_its_key(delivery: &RowChange<'_>) -> bool {
    delivery.after.is_some_and(|row| {
        let attempt = match int(row, "attempt") {
            0 => "older".to_owned(),
            attempt => attempt.to_string(),
        };
        *delivery.key == format!("{}#{attempt}", text(row, "notification"))
    })
}

/// The notifier sees at most as many attempts for one notification as its budget allows, each time it is requeued.
pub(crate) fn asks_stay_within_the_budget(budget: i64) -> Check {
    Check::new("asks_stay_within_the_budget", move |history| {
        let mut rounds: BTreeMap<String, i64> = BTreeMap::new();
        for step in steps(history) {
            if is(step.after, "pending") && !is(step.before, "pending") {
                *rounds.entry(step.change.key.to_string()).or_insert(1) += 1;
            }
        }
        let mut asked: BTreeMap<String, (BTreeSet<i64>, Vec<u64>)> = BTreeMap::new();
        for event in history.observed("notifier.asked") {
            let (attempts, seqs) = asked.entry(event.get("notification").to_string()).or_default();
            if attempts.insert(event.int("attempt").unwrap_or_default()) {
                seqs.push(event.seq);
            }
        }
        let over = asked.into_iter().find_map(|(id, (attempts, seqs))| {
            let most = budget * rounds.get(&id).copied().unwrap_or(1);
            (attempts.len() as i64 > most).then_some((id, seqs, most))
        });
        Outcome::unless(over.map(|(id, seqs, most)| {
            let why = format!(
                "{} attempts called the notifier for {id}, but only {most} are allowed",
                seqs.len()
            );
            Outcome::invalid(why, seqs)
        }))
    })
}

/// If a channel has no notifier, the row says so, and not that a notifier failed.
pub(crate) fn missing_notifiers_are_told_at_once(missing: &'static [&'static str]) -> Check {
    Check::new("missing_notifiers_are_told_at_once", move |history| {
        let wrong = history.rows(NOTIFICATIONS).into_iter().find(|change| {
            change.after.is_some_and(|row| {
                missing.contains(&text(row, "channel"))
                    && ["failed", "dead", "sent"].contains(&text(row, "status"))
            })
        });
        Outcome::unless(wrong.map(|change| {
            let (seq, row) = (change.event.seq, change.after.expect("it was looked at"));
            let why = format!(
                "#{seq} notification {} is {}, although there is no notifier for {}",
                change.key,
                text(row, "status"),
                text(row, "channel")
            );
            Outcome::invalid(why, [seq])
        }))
    })
}

/// Each attempt begins when it is due: not earlier, and without faults not later than the next tick plus a small
/// margin.
pub(crate) fn attempts_come_when_they_are_due(late_ms_max: i64) -> Check {
    Check::new("attempts_come_when_they_are_due", move |history| {
        let begun: BTreeMap<(&str, i64), &Event> = history
            .observed("delivery.begun")
            .map(|event| {
                ((event.text("notification"), event.int("attempt").unwrap_or_default()), event)
            })
            .collect();
        let late_ms_max = if is_calm(history) { late_ms_max } else { i64::MAX };
        let wrong = steps(history).into_iter().find_map(|step| {
            let is_retry = is(step.before, "failed") && is(step.after, "sending");
            let id = step.change.key.as_str()?;
            let event = begun.get(&(id, int(step.after, "attempts"))).filter(|_| is_retry)?;
            let late_ms = event.int("at")? - int(step.before, "next_retry_at");
            (!(0..=late_ms_max).contains(&late_ms)).then_some((step, *event, late_ms))
        });
        Outcome::unless(wrong.map(|(step, event, late_ms)| {
            let why = format!(
                "#{} the retry of notification {} started {late_ms} ms after it was due",
                event.seq, step.change.key
            );
            Outcome::invalid(why, [step.since, event.seq])
        }))
    })
    .priority(Priority::Medium)
}
