//! Checks that workers obey their settings.

use std::time::Duration;

use chaosdrill::{Check, Event, Outcome, Priority};
use chaosdrill_scenarios_common::checks::fault_free;

/// The observation by which a worker reports that it does not start.
pub(crate) const REFUSED: &str = "worker.refused";

/// The delay of a tick by the statements of a beat.
const LATE_MAX: Duration = Duration::from_secs(2);

/// A worker whose setting cannot be understood, one of these, does not start.
pub(crate) fn bad_settings_are_refused(bad: &'static [&'static str]) -> Check {
    Check::new("bad_settings_are_refused", move |history| {
        let is_bad = |event: &&Event| bad.contains(&event.host.as_str());
        let wrong = history.observed("worker.started").find(is_bad);
        Outcome::unless(wrong.map(|event| {
            let why =
                format!("#{} {} starts with a setting that is no time", event.seq, event.host);
            Outcome::invalid(why, [event.seq])
        }))
    })
    .priority(Priority::Medium)
}

/// Jobs of the runner begin one tick apart.
pub(crate) fn runners_keep_their_tick(tick: Duration) -> Check {
    let check = Check::new("runners_keep_their_tick", move |history| {
        let is_tick = |event: &&Event| event.text("job").starts_with("propagation_runner/");
        let ticks: Vec<&Event> = history.observed("job.begun").filter(is_tick).collect();
        let gap = |pair: &[&Event]| match pair {
            [first, next] => next.at().saturating_sub(first.at()),
            _ => tick,
        };
        let wrong = ticks.windows(2).find(|pair| gap(pair) > tick + LATE_MAX).or_else(|| {
            // The first two may be closer: periods begin at full multiples of the tick.
            ticks.windows(2).skip(1).find(|pair| gap(pair) + LATE_MAX < tick)
        });
        Outcome::unless(wrong.map(|pair| {
            let why = format!(
                "the runner ticks after {} s, but its tick is {} s",
                gap(pair).as_secs(),
                tick.as_secs()
            );
            Outcome::invalid(why, pair.iter().map(|event| event.seq))
        }))
    });
    fault_free::where_fault_free(check.priority(Priority::Medium))
}
