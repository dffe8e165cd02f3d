//! Marks of the propagation: what must have happened at least once for a drill to be meaningful.

use chaosdrill::Mark;
pub(crate) use chaosdrill_scenarios_common::checks::marks::a_host_went_down;

use crate::checks::rows::{JOBS, int, state, steps, text};

fn count(items: impl Iterator) -> u64 {
    items.count() as u64
}

/// A row was given up.
pub(crate) fn a_row_was_given_up() -> Mark {
    Mark::new("a row was given up", |history| {
        count(
            steps(history)
                .into_iter()
                .filter(|step| state(step.before) != "failed" && state(step.after) == "failed"),
        )
    })
}

/// A row was retried and then applied.
pub(crate) fn a_retry_succeeded() -> Mark {
    Mark::new("a retry succeeded", |history| {
        count(steps(history).into_iter().filter(|step| {
            state(step.before) == "pending"
                && state(step.after) == "applied"
                && int(step.after, "attempts") > 0
        }))
    })
}

/// A row was taken over from a holder that had not settled it.
pub(crate) fn a_row_was_taken_over() -> Mark {
    Mark::new("a row was taken over", |history| {
        count(steps(history).into_iter().filter(|step| {
            let (old, new) = (text(step.before, "claim_token"), text(step.after, "claim_token"));
            !old.is_empty() && !new.is_empty() && old != new
        }))
    })
}

/// A dispatch was cancelled because its time was up.
pub(crate) fn a_dispatch_took_too_long() -> Mark {
    Mark::new("a dispatch took too long", |history| {
        count(
            history
                .observed("runner.dispatched")
                .filter(|event| event.text("error").contains("took too long")),
        )
    })
}

/// A row of a kind that some worker had not known was applied by another.
pub(crate) fn a_new_kind_was_applied() -> Mark {
    Mark::new("a new kind was applied", |history| {
        let steps = steps(history);
        count(steps.iter().filter(|step| {
            let was_unknown = text(step.before, "last_error").starts_with("no handler registered");
            was_unknown && state(step.after) == "applied"
        }))
    })
}

/// A row was given up because its dispatches were used up.
pub(crate) fn a_row_was_given_up_over_its_dispatches() -> Mark {
    Mark::new("a row was given up over its dispatches", |history| {
        count(steps(history).into_iter().filter(|step| {
            let has_died = state(step.before) != "failed" && state(step.after) == "failed";
            has_died && int(step.after, "attempts") == int(step.before, "attempts")
        }))
    })
}

/// A new team was refused because there was one of its name at another tier.
pub(crate) fn another_tier_was_reported() -> Mark {
    Mark::new("another tier was reported", |history| {
        count(history.operations("team").filter(|op| op.output()["tier"].is_string()))
    })
}

/// A requeue was repeated after it was stored.
pub(crate) fn a_stored_wish_was_repeated() -> Mark {
    Mark::new("a stored wish was repeated", |history| {
        count(history.operations("requeue").filter(|op| op.output()["repeated"] == true))
    })
}

/// A dispatch failed because of a resource whose type is in no list.
pub(crate) fn an_unknown_type_was_reported() -> Mark {
    Mark::new("an unknown type was reported", |history| {
        let errors = history.observed("runner.dispatched").map(|event| event.text("error"));
        count(errors.filter(|error| error.contains("what a resource of type")))
    })
}

/// A job that was over was deleted.
pub(crate) fn a_job_was_forgotten() -> Mark {
    Mark::new("a job was forgotten", |history| {
        count(history.rows(JOBS).into_iter().filter(|change| change.after.is_none()))
    })
}
