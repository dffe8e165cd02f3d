//! Who holds a message, and who may settle it.

use chaosdrill::{Check, Event, History, Outcome, Priority};

use crate::{
    checks::{bounds, rows::Step},
    outbox::checks::rows::{MESSAGES, int, is, steps, text},
};

/// While a lease lasts, nobody else claims the message.
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
            let why = format!("#{seq} {new} claimed message {} from {old}, whose claim #{since} had {left} ms left", step.change.key);
            Outcome::invalid(why, [since, seq])
        }))
    })
}

/// A claim is settled by the worker and attempt that hold it, while the lease lasts, and by nobody else.
pub(crate) fn settle_only_by_the_current_claim() -> Check {
    Check::new("settle_only_by_the_current_claim", |history| {
        let wrong = steps(history).into_iter().find_map(|step| {
            // A row that is written once more, and stays what it was, was settled once more.
            let is_settle = !is(step.after, "in_flight");
            let is_burial = text(step.after, "last_error").starts_with("given up");
            if !is_settle || is_burial {
                return None;
            }
            let settling = last_word(history, &step)?;
            let (worker, attempt) =
                (settling.text("worker"), settling.int("attempt").unwrap_or_default());
            let holds = is(step.before, "in_flight")
                && text(step.before, "claimed_by") == worker
                && int(step.before, "attempts") == attempt
                && settling.wall_ms() < int(step.before, "claimed_until");
            (!holds).then(|| violation(&step, settling))
        });
        Outcome::unless(wrong)
    })
}

/// What the host that changed the row said last before it did.
fn last_word<'a>(history: &'a History, step: &Step<'_>) -> Option<&'a Event> {
    let event = step.change.event;
    let message = step.change.key.as_str().unwrap_or_default();
    history
        .observed("outbox.settling")
        .filter(|said| {
            said.seq < event.seq && said.host == event.host && said.text("message") == message
        })
        .last()
}

fn violation(step: &Step<'_>, settling: &Event) -> Outcome {
    let (host, seq, since) = (&step.change.event.host, step.change.event.seq, step.since);
    let attempt = settling.int("attempt").unwrap_or_default();
    let holder = match text(step.before, "claimed_by") {
        "" => format!("it was {} since #{since}", text(step.before, "status")),
        holder if holder == settling.text("worker") && attempt == int(step.before, "attempts") => {
            let over = settling.wall_ms() - int(step.before, "claimed_until");
            format!("its lease since #{since} had been over for {over} ms")
        }
        holder => format!("#{since} attempt {} belonged to {holder}", int(step.before, "attempts")),
    };
    let why = format!(
        "#{seq} {host} settled message {} under attempt {attempt}; {holder}",
        step.change.key
    );
    Outcome::invalid(why, [since, seq])
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
