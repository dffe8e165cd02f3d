//! Checks the attempts of a row: how many there are, when a retry is due, and when the row is given up.

use chaosdrill::{Check, Outcome, Priority};
use chaosdrill_scenarios_common::checks::{
    bounds,
    schedule::{self, Schedule},
};

use crate::checks::rows::{ITEMS, PICKS_MAX, PROPAGATIONS, WAITS_MIN, int, state, steps};

/// No row has more failed dispatches than the ceiling allows.
pub(crate) fn attempts_stay_within(attempts_max: i64) -> Check {
    bounds::attempts_stay_within_the_ceiling(ITEMS, "attempts", attempts_max)
}

/// A row is terminal after the last failure that the ceiling allows.
pub(crate) fn a_row_at_the_ceiling_is_at_rest(attempts_max: i64) -> Check {
    Check::new("a_row_at_the_ceiling_is_at_rest", move |history| {
        let open = history.rows(PROPAGATIONS).into_iter().find(|change| {
            change
                .after
                .is_some_and(|row| int(row, "attempts") >= attempts_max && !ITEMS.is_terminal(row))
        });
        Outcome::unless(open.map(|change| {
            let seq = change.event.seq;
            let why = format!(
                "#{seq} propagation {} has failed {attempts_max} times, but is scheduled again",
                change.key
            );
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Medium)
}

/// No row is given up before the ceiling: a roll-out may be in progress, or an outage about to end.
pub(crate) fn rows_fail_at_the_ceiling_only(attempts_max: i64) -> Check {
    Check::new("rows_fail_at_the_ceiling_only", move |history| {
        let early = steps(history).into_iter().find(|step| {
            let became = state(step.before) != "failed" && state(step.after) == "failed";
            let is_at_ceiling = int(step.after, "attempts") == attempts_max
                || int(step.after, "picks") >= PICKS_MAX;
            became && !is_at_ceiling
        });
        Outcome::unless(early.map(|step| {
            let seq = step.change.event.seq;
            let why = format!(
                "#{seq} propagation {} is given up after {} failures, but {attempts_max} are allowed",
                step.change.key,
                int(step.after, "attempts")
            );
            Outcome::invalid(why, [step.since, seq])
        }))
    })
}

/// After each failure the next attempt is due as scheduled.
pub(crate) fn retries_keep_the_schedule() -> Check {
    schedule::retries_keep_the_schedule(
        ITEMS,
        Schedule {
            attempts: "attempts",
            tried_at: "last_attempt_at",
            due_at: "next_attempt_at",
            wait_ms: |failures| {
                let index = usize::try_from(failures).unwrap_or(0);
                WAITS_MIN.get(index).copied().unwrap_or(24 * 60) * 60_000
            },
        },
    )
}
