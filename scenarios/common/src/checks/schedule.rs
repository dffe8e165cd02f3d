//! Checks that retries follow the schedule.

use chaosdrill::{Check, Outcome, Priority};

use crate::checks::rows::{Items, int, steps};

/// The columns in which a pipeline stores its next retry. All three are in one row, and one statement writes them.
#[derive(Clone, Copy)]
pub struct Schedule {
    /// The column that counts failed attempts.
    pub attempts: &'static str,
    /// The column with the instant of the attempt, in milliseconds since 1970.
    pub tried_at: &'static str,
    /// The column with the instant of the next attempt, in milliseconds since 1970.
    pub due_at: &'static str,
    /// The wait in milliseconds, given the number of attempts that had failed before this one.
    pub wait_ms: fn(i64) -> i64,
}

/// After each failed attempt, the next one is due at the scheduled millisecond.
pub fn retries_keep_the_schedule(items: Items, schedule: Schedule) -> Check {
    Check::new("retries_keep_the_schedule", move |history| {
        let wrong = steps(history, items.watch).into_iter().find_map(|step| {
            let (before, after) =
                (int(step.before, schedule.attempts), int(step.after, schedule.attempts));
            if after != before + 1 || items.is_terminal(step.after) {
                return None;
            }
            let instant = |column: &str| step.after[column].as_i64();
            let waits = instant(schedule.due_at)
                .zip(instant(schedule.tried_at))
                .map(|(due, tried)| due - tried);
            let right = (schedule.wait_ms)(before);
            (waits != Some(right)).then_some((step, waits, right))
        });
        Outcome::unless(wrong.map(|(step, waits, right)| {
            let seq = step.change.event.seq;
            let told = waits.map_or("has no next try".to_owned(), |ms| format!("waits {ms} ms"));
            let why = format!(
                "#{seq} {} {} {told} after failure {}, but the schedule has {right} ms",
                items.noun,
                step.change.key,
                int(step.after, schedule.attempts)
            );
            Outcome::invalid(why, [step.since, seq])
        }))
    })
    .priority(Priority::Medium)
}
