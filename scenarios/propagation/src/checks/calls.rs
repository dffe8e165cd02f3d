//! Checks that work is done as often as there are reasons for it, and no more often.

use std::collections::BTreeMap;

use chaosdrill::{Check, History, Outcome, Priority};
use chaosdrill_scenarios_common::checks::rows::Step;

use crate::checks::rows::{PICKS_MAX, int, is_requeue, state, steps, text};

/// The provisioner is called for a resource once for each dispatch of a propagation, and once for each turn of the
/// resource at the reconciler. A row is dispatched again only after a failed attempt, or if its holder released or lost
/// it; and at most twenty times, unless an operator requeues it.
pub(crate) fn calls_have_their_reason() -> Check {
    Check::new("calls_have_their_reason", |history| {
        let wrong = excessive_call(history).or_else(|| excessive_dispatch(history));
        Outcome::unless(wrong.map(|(why, seqs)| Outcome::invalid(why, seqs)))
    })
    .priority(Priority::Medium)
}

/// The calls for one resource under one propagation, if they are more than its dispatches or turns.
fn excessive_call(history: &History) -> Option<(String, Vec<u64>)> {
    let mut calls: BTreeMap<(&str, &str), Vec<u64>> = BTreeMap::new();
    for event in history.observed("provisioner.called") {
        let place = (event.text("propagation"), event.text("token"));
        calls.entry(place).or_default().push(event.seq);
    }
    calls.into_iter().find_map(|((propagation, token), seqs)| {
        let (asks, member, name) = if propagation.starts_with("reconciler/") {
            ("reconciler.asking", "token", token)
        } else {
            ("runner.dispatching", "propagation", propagation)
        };
        let reasons = history.observed(asks).filter(|event| event.text(member) == name).count();
        (seqs.len() > reasons).then(|| {
            let why = format!(
                "the provisioner was called for {token} under {propagation} {} times; {reasons} times there was a reason",
                seqs.len()
            );
            (why, seqs)
        })
    })
}

/// The dispatches of a row, if they are more than its failures allow.
fn excessive_dispatch(history: &History) -> Option<(String, Vec<u64>)> {
    let mut dispatches: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for event in history.observed("runner.dispatching") {
        dispatches.entry(event.text("propagation")).or_default().push(event.seq);
    }
    let steps = steps(history);
    dispatches.into_iter().find_map(|(propagation, seqs)| {
        let own = || steps.iter().filter(|step| step.change.key.as_str() == Some(propagation));
        let lives = 1 + own().filter(|step| is_requeue(step.before, step.after)).count();
        // What was begun and never settled, what failed, and the dispatch that succeeds or is under way.
        let reasons = 1 + own().filter(|step| is_failure(step) || is_lost(step)).count();
        let allowed = reasons.min(lives * PICKS_MAX as usize);
        (seqs.len() > allowed).then(|| {
            let why = format!(
                "propagation {propagation} was dispatched {} times; {allowed} times there was a reason",
                seqs.len()
            );
            (why, seqs)
        })
    })
}

fn is_failure(step: &Step<'_>) -> bool {
    int(step.after, "attempts") > int(step.before, "attempts")
}

/// Whether the holder of a row released it, or lost it to another, before it settled it.
fn is_lost(step: &Step<'_>) -> bool {
    let (was, is) = (text(step.before, "claim_token"), text(step.after, "claim_token"));
    !was.is_empty() && was != is && !is_failure(step) && state(step.after) == state(step.before)
}
