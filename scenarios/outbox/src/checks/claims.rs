//! Checks who holds a message, and who may settle it.

use chaosdrill::{Check, Event, Outcome, Priority};
use chaosdrill_scenarios_common::checks::{
    bounds,
    rows::Step,
    settling::{self, Settling},
};

use crate::checks::rows::{MESSAGES, OUTBOX, int, is, is_burial, steps, text};

/// While a lease lasts, no other worker claims the message.
pub(crate) fn one_live_holder_per_message() -> Check {
    Check::new("one_live_holder_per_message", |history| {
        let stolen = steps(history).into_iter().find(|step| {
            is(step.before, "in_flight")
                && is(step.after, "in_flight")
                && step.change.event.wall_ms() < int(step.before, "claimed_until")
        });
        Outcome::unless(stolen.map(|step| {
            let (old, new) = (text(step.before, "claimed_by"), text(step.after, "claimed_by"));
            let left = int(step.before, "claimed_until") - step.change.event.wall_ms();
            let (since, seq) = (step.since, step.change.event.seq);
            let why = format!("#{seq} {new:?} claimed message {} from {old:?}, whose claim #{since} had {left} ms left", step.change.key);
            Outcome::invalid(why, [since, seq])
        }))
    })
}

/// A claim is settled only by the worker and attempt that hold it, and only while the lease lasts.
pub(crate) fn settle_only_by_the_current_claim() -> Check {
    let mut check = settling::only_the_holder_settles(Settling {
        noun: "message",
        watch: OUTBOX,
        // A row that is written again without a change was settled again.
        settles: |_, after| !is(after, "in_flight") && !is_burial(after),
        said: Some(("outbox.settling", "message")),
        why_not,
    });
    "settle_only_by_the_current_claim".clone_into(&mut check.name);
    check
}

/// Why a worker was not entitled to settle a message under its attempt; `None` if it was.
fn why_not(step: &Step<'_>, settling: &Event) -> Option<String> {
    let (before, since) = (step.before, step.since);
    let (worker, attempt) = (settling.text("worker"), settling.int("attempt").unwrap_or_default());
    let is_own = text(before, "claimed_by") == worker && int(before, "attempts") == attempt;
    let over_ms = settling.wall_ms() - int(before, "claimed_until");
    if is(before, "in_flight") && is_own && over_ms < 0 {
        return None;
    }
    let holder = match text(before, "claimed_by") {
        "" => format!("it was {} since #{since}", text(before, "status")),
        _ if is_own => format!("its lease since #{since} had ended {over_ms} ms before"),
        holder => format!("#{since} attempt {} belonged to {holder}", int(before, "attempts")),
    };
    Some(format!("under attempt {attempt}; {holder}"))
}

/// Every claim counts as one attempt, and nothing else does.
pub(crate) fn attempts_grow_by_one_per_claim() -> Check {
    Check::new("attempts_grow_by_one_per_claim", |history| {
        let wrong = steps(history).into_iter().find(|step| {
            let is_claim = is(step.after, "in_flight") && step.before != step.after;
            int(step.after, "attempts") != int(step.before, "attempts") + i64::from(is_claim)
        });
        Outcome::unless(wrong.map(|step| {
            let (from, to) = (int(step.before, "attempts"), int(step.after, "attempts"));
            let seq = step.change.event.seq;
            let why = format!(
                "#{seq} message {} went from {} to {}, and its attempts from {from} to {to}",
                step.change.key,
                text(step.before, "status"),
                text(step.after, "status")
            );
            Outcome::invalid(why, [step.since, seq])
        }))
    })
    .priority(Priority::Medium)
}

/// No message is claimed more often than the ceiling allows.
pub(crate) fn attempts_stay_within(attempts_max: i64) -> Check {
    bounds::attempts_stay_within_the_ceiling(MESSAGES, "attempts", attempts_max)
}
