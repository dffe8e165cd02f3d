//! Checks who holds a row, and who may settle it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chaosdrill::{Check, Event, EventKind, History, Outcome, Priority};
use chaosdrill_scenarios_common::checks::{
    holders::{self, Holding},
    rows::Step,
    settling::{self, Settling},
};

use crate::checks::{
    rounds::is_hindered,
    rows::{LEASE, PROPAGATIONS, int, is_requeue, rows_at, state, steps, text},
};

/// The maximum delay, without disturbances, between reading the clock and storing its time: a busy database is retried.
const LATE_MAX: Duration = Duration::from_secs(10);

/// No two workers dispatch one row at once, unless the first holder's lease is over.
pub(crate) fn one_dispatch_at_a_time() -> Check {
    let holding = Holding {
        noun: "propagation",
        begin: "runner.dispatching",
        end: "runner.dispatched",
        item: "propagation",
        // A holder reports the start some milliseconds after its lease began.
        lease: Some(LEASE.saturating_sub(Duration::from_secs(1))),
    };
    holders::holders_do_not_overlap_within(holding, move |history, begun| {
        let full = holding.lease?;
        let left = lease_left(history, begun);
        let since = begun.at().saturating_sub(LEASE.saturating_sub(left));
        let is_held_up = left < full && is_hindered(history, &begun.host, (since, begun.at()));
        Some(if is_held_up { left } else { full })
    })
}

/// The remaining lease of a holder when it reports the start of its dispatch.
fn lease_left(history: &History, begun: &Event) -> Duration {
    let rows = rows_at(history, PROPAGATIONS, begun.seq);
    let held = rows
        .get(&begun.get("propagation").to_string())
        .filter(|row| text(row, "claim_token") == begun.text("claim"));
    let left_ms = held.map_or(0, |row| int(row, "next_attempt_at") - begun.wall_ms());
    Duration::from_millis(u64::try_from(left_ms).unwrap_or_default())
}

/// A dispatch ends with its lease, whatever the provisioner does.
pub(crate) fn dispatches_end_with_their_lease() -> Check {
    Check::new("dispatches_end_with_their_lease", |history| {
        let late = history.observed("runner.dispatching").find_map(|begun| {
            let is_its = |event: &&Event| {
                event.seq > begun.seq
                    && event.get("propagation") == begun.get("propagation")
                    && event.get("claim") == begun.get("claim")
            };
            let of_host = history.on_host(&begun.host).after(begun.seq);
            // A dispatch that reports no end lasts as long as its host, or as the run.
            let ended = history.observed("runner.dispatched").find(is_its);
            let ended = ended.or_else(|| of_host.iter().find(|event| event.ends_a_life()));
            let ended = ended.or_else(|| history.events().last())?;
            let during = (begun.at(), ended.at());
            let is_late = during.1.saturating_sub(during.0) > LEASE + Duration::from_secs(1);
            (is_late && !is_hindered(history, &begun.host, during)).then_some((begun, ended))
        });
        Outcome::unless(late.map(|(begun, ended)| {
            let why = format!(
                "#{} {} dispatched propagation {} until #{}, after its lease had ended",
                begun.seq,
                begun.host,
                begun.text("propagation"),
                ended.seq
            );
            Outcome::invalid(why, [begun.seq, ended.seq])
        }))
    })
}

/// A row is taken over from its holder only after a full lease.
pub(crate) fn picks_are_a_lease_apart() -> Check {
    Check::new("picks_are_a_lease_apart", |history| {
        let mut leased: BTreeMap<String, &Event> = BTreeMap::new();
        for change in history.rows(PROPAGATIONS) {
            let Some(after) = change.after else { continue };
            let token = |row: Option<&serde_json::Value>| {
                row.map(|row| text(row, "claim_token").to_owned()).unwrap_or_default()
            };
            let (old, new) = (token(change.before), token(change.after));
            let key = change.key.to_string();
            if !old.is_empty() && !new.is_empty() && old != new {
                let since = leased.get(&key).map_or(Duration::ZERO, |event| event.at());
                let now = change.event.at();
                let is_early = now.saturating_sub(since) + LATE_MAX < LEASE;
                // The lease begins when its holder reads the clock, which may be long before it is stored.
                let holder = change.before.map_or("", |row| text(row, "claimed_by"));
                let reading = (since.saturating_sub(LATE_MAX), since);
                if is_early && !is_hindered(history, holder, reading) {
                    let seq = change.event.seq;
                    let why = format!(
                        "#{seq} {} took propagation {} from {}, which had held it for only {} s",
                        text(after, "claimed_by"),
                        change.key,
                        change.before.map(|row| text(row, "claimed_by")).unwrap_or_default(),
                        now.saturating_sub(since).as_secs()
                    );
                    return Outcome::invalid(
                        why,
                        leased.get(&key).map(|event| event.seq).into_iter().chain([seq]),
                    );
                }
            }
            if !new.is_empty() {
                leased.insert(key, change.event);
            }
        }
        Outcome::valid()
    })
}

/// No claim takes more rows than the batch of its worker may have.
pub(crate) fn batches_are_bounded(rows_max: usize) -> Check {
    Check::new("batches_are_bounded", move |history| {
        let mut taken: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for change in history.rows(PROPAGATIONS) {
            let claim = change.after.map_or("", |row| text(row, "claim_token"));
            if claim.is_empty() {
                continue;
            }
            let rows = taken.entry(claim).or_default();
            rows.insert(change.key.to_string());
            if rows.len() > rows_max {
                let seq = change.event.seq;
                let why = format!("#{seq} the claim {claim} takes more than {rows_max} rows");
                return Outcome::invalid(why, [seq]);
            }
        }
        Outcome::valid()
    })
    .priority(Priority::Medium)
}

/// A row is settled only by the claim that holds it.
pub(crate) fn only_the_holder_settles() -> Check {
    settling::only_the_holder_settles(Settling {
        noun: "propagation",
        watch: PROPAGATIONS,
        settles: |before, after| {
            let is_settled = int(after, "attempts") > int(before, "attempts")
                || state(after) != state(before)
                || (state(before) != "pending" && before != after);
            is_settled && !is_requeue(before, after)
        },
        said: Some(("runner.settling", "propagation")),
        why_not: |step, settling| {
            let (claim, holder) = (settling.text("claim"), text(step.before, "claim_token"));
            let held_by = if holder.is_empty() { "no runner" } else { holder };
            let since = step.since;
            (claim != holder)
                .then(|| format!("under the claim {claim}; {held_by} held it since #{since}"))
        },
    })
}

/// A job that ends has reported an outcome for every row it picked. The row is settled, which takes an attempt or ends
/// the row; released; held by another claim; or left to its lease because of an error of its own.
pub(crate) fn what_is_picked_is_settled() -> Check {
    Check::new("what_is_picked_is_settled", |history| {
        let steps = steps(history);
        let wrong = history.observed("runner.picked").find_map(|picked| {
            let end = end_of_hold(history, picked)?;
            let has_moved = steps.iter().any(|step| {
                let is_its = step.change.key.as_str() == Some(picked.text("propagation"));
                let is_then = (picked.seq..end.seq).contains(&step.change.event.seq);
                let is_tried = int(step.after, "attempts") > int(step.before, "attempts");
                is_its && is_then && (is_tried || state(step.after) != state(step.before))
            });
            let what = match end.name.as_str() {
                "job.ended" => "its job ended without settling it",
                "runner.settled" if !has_moved => "settled it without counting an attempt",
                _ => return None,
            };
            Some((picked, end, what))
        });
        Outcome::unless(wrong.map(|(picked, end, what)| {
            let (who, item) = (&picked.host, picked.text("propagation"));
            let why =
                format!("#{} {who} picked propagation {item}, and #{} {what}", picked.seq, end.seq);
            Outcome::invalid(why, [picked.seq, end.seq])
        }))
    })
    .priority(Priority::Medium)
}

/// The first event that ends the hold of a claim on a row: the row is settled or released, or the job or the host ends.
fn end_of_hold<'a>(history: &'a History, picked: &Event) -> Option<&'a Event> {
    const ENDS: [&str; 5] = [
        "runner.settled",
        "runner.settle_refused",
        "runner.settle_failed",
        "runner.lost",
        "runner.left",
    ];
    let claim = picked.text("claim");
    history.on_host(&picked.host).after(picked.seq).iter().find(|event| {
        if event.kind == EventKind::Host {
            return event.ends_a_life();
        }
        let is_of_row =
            event.text("claim") == claim && event.get("propagation") == picked.get("propagation");
        let is_release =
            ["runner.released", "runner.release_failed"].contains(&event.name.as_str());
        let is_of_claim = is_release && event.text("claim") == claim;
        let is_of_job = event.name == "job.ended" && {
            let attempt = event.int("attempt").unwrap_or_default();
            claim.starts_with(&format!("{}/{attempt}/", event.text("job")))
        };
        event.kind == EventKind::Observe
            && ((ENDS.contains(&event.name.as_str()) && is_of_row) || is_of_claim || is_of_job)
    })
}

/// A dispatch that a shutdown cancels is no failure: the row keeps its attempts.
pub(crate) fn cancelled_work_uses_no_attempt() -> Check {
    Check::new("cancelled_work_uses_no_attempt", |history| {
        let steps = steps(history);
        let wrong = history.observed("worker.cancelled").find_map(|cancelled| {
            steps.iter().find_map(|step| {
                let begun = begun_by(history, step, cancelled)?;
                let is_failure = int(step.after, "attempts") > int(step.before, "attempts");
                is_failure.then_some((cancelled, begun, step))
            })
        });
        Outcome::unless(wrong.map(|(cancelled, begun, step)| {
            let (seq, key) = (step.change.event.seq, step.change.key);
            let why = format!(
                "#{seq} the dispatch of propagation {key}, which #{} cancelled, used up an attempt",
                cancelled.seq
            );
            Outcome::invalid(why, [begun.seq, cancelled.seq, seq])
        }))
    })
}

/// The beginning of the dispatch that a shutdown cancelled and that this step ends; `None` if the dispatch had ended
/// before, or if its call was answered or failed meanwhile.
fn begun_by<'a>(history: &'a History<'_>, step: &Step<'_>, cancelled: &Event) -> Option<&'a Event> {
    let seq = step.change.event.seq;
    let is_ours = |event: &&Event| {
        event.host == cancelled.host
            && event.get("propagation") == step.change.key
            && event.text("claim") == text(step.before, "claim_token")
    };
    let of_row =
        |name: &str, before: u64| history.observed(name).filter(move |event| event.seq < before);
    let begun = of_row("runner.dispatching", cancelled.seq).filter(is_ours).last()?;
    let ended = of_row("runner.dispatched", seq).filter(is_ours).last()?;
    let is_cancelled = cancelled.seq < ended.seq && step.change.event.host == cancelled.host;
    let is_answer = |event: &Event| {
        ["provisioner.answered", "provisioner.failed"].contains(&event.name.as_str())
            && event.get("propagation") == step.change.key
    };
    let is_ended_otherwise = history
        .events()
        .iter()
        .filter(|event| (cancelled.seq..ended.seq).contains(&event.seq))
        .any(|event| event.fault().is_some() || is_answer(event));
    (is_cancelled && !is_ended_otherwise).then_some(begun)
}

/// All stored instants come from one clock, whichever host writes them.
pub(crate) fn stored_times_are_the_database_s() -> Check {
    Check::new("stored_times_are_the_database_s", |history| {
        let wrong = steps(history).into_iter().find_map(|step| {
            let stored = int(step.after, "last_attempt_at");
            let off = (step.change.event.wall_ms() - stored).abs();
            let now = step.change.event.at();
            let is_new = stored != 0 && stored != int(step.before, "last_attempt_at");
            let is_off = is_new && off > LATE_MAX.as_millis() as i64;
            let reading = (now.saturating_sub(LATE_MAX), now);
            (is_off && !is_hindered(history, &step.change.event.host, reading))
                .then_some((step, off))
        });
        Outcome::unless(wrong.map(|(step, off)| {
            let seq = step.change.event.seq;
            let why = format!(
                "#{seq} propagation {} was tried at an instant that is {} s off",
                step.change.key,
                off / 1000
            );
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Medium)
}
