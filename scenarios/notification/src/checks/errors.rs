//! Checks what a notification stores about the attempt that failed last.

use std::time::Duration;

use chaosdrill::{Check, Event, History, Outcome, vocabulary::HostChange};
use chaosdrill_scenarios_common::checks::rows::Step;

use crate::checks::{
    faults::Stretch,
    rows::{LEASE, int, is, steps, text},
};

/// How long a server waits for the answer of a notifier.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// The steps by which a server asks a notifier, and the one by which the notifier answers.
const ASKING: [&str; 2] = ["net:notify.connect", "net:notify"];
const ANSWERING: [&str; 1] = ["net:notifier.reply"];

/// The steps of an attempt that take as long as a fault holds them up. The notifier has a limited time for its answer.
const UNLIMITED: [&str; 6] = [
    "sql:notifications.claim",
    "fp:delivery.after_claim",
    "fp:delivery.after_send",
    "sql:notifications.sent",
    "sql:notifications.failed",
    "sql:notifications.undeliverable",
];

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

/// Whether the notifier could be out of reach of the attempt: it did not listen, the link between the two was cut or
/// held up, or a message failed. A stall or a late step breaks no connection.
fn was_cut_off(history: &History, step: &Step<'_>) -> bool {
    let Some(begun) = begun(history, step) else { return false };
    let during = Stretch::new(history, begun.seq, step.change.event.seq);
    !was_listening(history, begun.seq)
        || during.was_hurt("notifier")
        || during.was_cut(&begun.host, "notifier")
        || during.has_failed(&begun.host, &ASKING)
        || during.has_failed("notifier", &ANSWERING)
}

/// Whether the notifier had come up before an event, and had not gone down since.
fn was_listening(history: &History, seq: u64) -> bool {
    let earlier = history.on_host("notifier").iter().take_while(|event| event.seq < seq);
    let changes = earlier.filter(|event| event.name == "notifier.up" || event.ends_a_life());
    changes.last().is_some_and(|event| event.name == "notifier.up")
}

/// Whether something kept the holder from settling before its claim was over: the holder went down or stalled, a fault
/// struck a step of its attempt, or the database was out of its reach or refused the settle.
fn was_disturbed(history: &History, step: &Step<'_>) -> bool {
    let holder = text(step.before, "claimed_by");
    let from = claimed_from(history, step, holder);
    let during = Stretch::new(history, from, step.change.event.seq);
    let was_refused = history.observed("delivery.failed").any(|event| {
        let is_during = step.since < event.seq && event.seq < step.change.event.seq;
        is_during && event.host == holder && event.get("notification") == step.change.key
    });
    was_refused
        || during.was_hurt(holder)
        || during.was_struck(holder, &UNLIMITED)
        || during.was_without_database(holder)
}

/// The number of the first event since the holder began to claim: then it decided how long the claim would last.
fn claimed_from(history: &History, step: &Step<'_>, holder: &str) -> u64 {
    let earlier = history.on_host(holder).iter().take_while(|event| event.seq < step.since);
    let skews = earlier.filter_map(|event| match event.host_change() {
        Some(HostChange::Skewed { ns }) => ns,
        _ => None,
    });
    let ahead_ms = skews.last().unwrap_or_default() / 1_000_000;
    let lease_ms = LEASE.as_millis() as i64;
    let from_ms = int(step.before, "claimed_until") - lease_ms - ahead_ms;
    let mut since = history.events().iter().skip_while(|event| event.wall_ms() < from_ms);
    since.next().map_or(step.since, |event| event.seq.min(step.since))
}
