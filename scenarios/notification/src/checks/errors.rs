//! Checks what a notification stores about the attempt that failed last.

use std::time::Duration;

use chaosdrill::{
    Check, Event, History, Outcome,
    vocabulary::{FaultChange, HostChange, Strike},
};
use chaosdrill_scenarios_common::checks::rows::Step;

use crate::checks::rows::{int, is, steps, text};

/// How long a server waits for the answer of a notifier.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// The ends of an attempt that no notifier accepted.
const FAILED: [&str; 3] = ["failed", "dead", "undeliverable"];

/// An attempt that failed stores its error: the whole answer of the notifier, or why there was none.
pub(crate) fn the_stored_error_is_whole_and_true() -> Check {
    Check::new("the_stored_error_is_whole_and_true", |history| {
        let wrong = steps(history).into_iter().find_map(|step| {
            let is_failure =
                is(step.before, "sending") && FAILED.contains(&text(step.after, "status"));
            let why = is_failure.then(|| what_is_wrong(history, &step)).flatten()?;
            Some((step, why))
        });
        Outcome::unless(wrong.map(|(step, why)| {
            let seq = step.change.event.seq;
            let error: String = text(step.after, "last_error").chars().take(80).collect();
            let why = format!("#{seq} notification {} {why}; it is: {error}", step.change.key);
            Outcome::invalid(why, [step.since, seq])
        }))
    })
}

/// What is wrong with the stored error; `None` if it says what happened.
fn what_is_wrong(history: &History, step: &Step<'_>) -> Option<&'static str> {
    let error = text(step.after, "last_error");
    let says = |beginning| error.starts_with(beginning);
    if error.is_empty() {
        Some("failed without an error")
    } else if says("the notifier answered ") {
        (!is_an_answer(history, step)).then_some("stores something else than the whole answer")
    } else if says("the notifier did not answer within ") {
        (lasted(history, step) < ANSWER_WAIT).then_some("did not wait for the answer")
    } else if says("the notifier cannot be reached") {
        (!was_cut_off(history, step)).then_some("stores that a notifier that was there was not")
    } else if says("nobody said how attempt ") {
        (!was_disturbed(history, step)).then_some("was left to its lease without a reason")
    } else if says("there is no notifier for the channel ") {
        let channel = format!("`{}`", text(step.after, "channel"));
        (!error.ends_with(&channel)).then_some("stores another channel than its own")
    } else {
        Some("stores an error that nobody knows")
    }
}

/// Whether the notifier gave this answer to this attempt.
fn is_an_answer(history: &History, step: &Step<'_>) -> bool {
    let mut answers = history.observed("notifier.failed").filter(|event| is_of(event, step));
    answers.any(|event| {
        let (status, said) = (event.int("status").unwrap_or_default(), event.text("said"));
        text(step.after, "last_error") == format!("the notifier answered {status}: {said}")
    })
}

/// Whether an observation is about the attempt that the step ends.
fn is_of(event: &Event, step: &Step<'_>) -> bool {
    event.get("notification") == step.change.key
        && event.int("attempt") == Some(int(step.after, "attempts"))
}

/// The start of the attempt that the step ends.
fn begun<'a>(history: &'a History, step: &Step<'_>) -> Option<&'a Event> {
    history.observed("delivery.begun").find(|event| is_of(event, step))
}

/// The time from the start of the attempt to its end.
fn lasted(history: &History, step: &Step<'_>) -> Duration {
    let end = step.change.event.at();
    end.saturating_sub(begun(history, step).map_or(end, Event::at))
}

/// Whether a connection could break before the end of the attempt: the notifier did not listen yet, a host went down, a
/// link was cut or held up, or a step failed. A stall or a late step breaks none.
fn was_cut_off(history: &History, step: &Step<'_>) -> bool {
    let from = begun(history, step).map_or(0, |begun| begun.seq);
    let has_listened = history.observed("notifier.up").any(|up| up.seq < from);
    let breaks = [Strike::PARTITION, Strike::CLOG, Strike::ERROR, Strike::LOST_ACK];
    let mut earlier = history.events().iter().take_while(|event| event.seq < step.change.event.seq);
    let was_broken = earlier.any(|event| match (event.fault(), event.host_change()) {
        (Some(FaultChange::Struck(strike)), _) => breaks.contains(&strike.family()),
        (_, Some(HostChange::Down(_))) => true,
        _ => false,
    });
    !has_listened || was_broken
}

/// Whether something kept the holder from settling: a fault or a change of a host during its sweep, an error that it
/// reported, or the end of the time of its sweep.
fn was_disturbed(history: &History, step: &Step<'_>) -> bool {
    let claim = step.since;
    let holder = text(step.before, "claimed_by");
    let is_earlier = |event: &&Event| event.host == holder && event.seq < claim;
    let sweep = history.observed("sweep.begun").filter(is_earlier).last();
    let from = sweep.map_or(claim, |sweep| sweep.seq);
    let later = history.events().after(from);
    let mut during = later.iter().take_while(|event| event.seq < step.change.event.seq);
    during.any(|event| {
        let is_its_error =
            event.name == "delivery.failed" && event.get("notification") == step.change.key;
        let is_its_sweep = event.name == "sweep.failed" && event.host == holder;
        event.fault().is_some() || event.host_change().is_some() || is_its_error || is_its_sweep
    })
}
