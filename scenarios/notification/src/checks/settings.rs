//! Checks that settings are applied, or refused.

use std::time::Duration;

use chaosdrill::{Check, Event, Operation, Outcome, Priority};

/// How far a tick may be from its time: timers round to whole milliseconds, and a loop takes time to get its turn.
const OFF_MAX: Duration = Duration::from_millis(100);

/// The loop ticks at this interval; `looped` is the server and the loop, such as `s1/retry`.
pub(crate) fn the_loop_keeps_its_interval(looped: &'static str, every: Duration) -> Check {
    Check::new("the_loop_keeps_its_interval", move |history| {
        let ticks: Vec<&Event> =
            history.observed("sweep.begun").filter(|event| event.text("of") == looped).collect();
        let off = |pair: &&[&Event]| {
            let waited = pair[1].at().saturating_sub(pair[0].at());
            waited.abs_diff(every) > OFF_MAX
        };
        let wrong = ticks.windows(2).find(off);
        Outcome::unless(wrong.map(|pair| {
            let (from, to) = (pair[0], pair[1]);
            let waited = to.at().saturating_sub(from.at());
            let why = format!(
                "#{} {looped} waited {waited:?} for its next sweep, but its interval is {every:?}",
                to.seq
            );
            Outcome::invalid(why, [from.seq, to.seq])
        }))
    })
    .priority(Priority::Medium)
}

/// A server does not start with a setting that cannot be used, and its error names the setting.
pub(crate) fn unusable_settings_are_refused() -> Check {
    Check::new("unusable_settings_are_refused", |history| {
        let wrong = history.operations("start").find(|op: &Operation<'_>| {
            let name = op.input()["name"].as_str().unwrap_or_default();
            let is_refused = op.is_fail() && op.output().to_string().contains(name);
            op.end.is_some() && !is_refused
        });
        Outcome::unless(wrong.map(|op| {
            let why =
                format!("#{} a server started with the setting {}", op.invoke.seq, op.input());
            Outcome::invalid(why, [op.invoke.seq])
        }))
    })
    .priority(Priority::Medium)
}
