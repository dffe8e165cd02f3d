//! Checks that work is bounded: the number of attempts per item, and of its effects on the outside world.

use std::collections::BTreeMap;

use chaosdrill::{Check, Event, Outcome, Priority};

use crate::checks::rows::{Items, int};

/// No item has more attempts than the ceiling allows.
pub fn attempts_stay_within_the_ceiling(
    items: Items,
    column: &'static str,
    attempts_max: i64,
) -> Check {
    Check::new("attempts_stay_within_the_ceiling", move |history| {
        let over = history
            .rows(items.watch)
            .into_iter()
            .find(|change| change.after.is_some_and(|row| int(row, column) > attempts_max));
        Outcome::unless(over.map(|change| {
            let seq = change.event.seq;
            let why = format!(
                "#{seq} {} {} has more than {attempts_max} attempts",
                items.noun, change.key
            );
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Medium)
}

/// Each item has at most `count_max` effects on the outside world.
///
/// The outside world reports each effect as `observation`, with the item in its member `item`.
pub fn effects_stay_within_the_bound(
    observation: &'static str,
    item: &'static str,
    count_max: usize,
) -> Check {
    Check::new("effects_stay_within_the_bound", move |history| {
        let mut effects: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
        for event in history.observed(observation) {
            effects.entry(event.get(item).to_string()).or_default().push(event);
        }
        let over = effects.into_iter().find(|(_, events)| events.len() > count_max);
        Outcome::unless(over.map(|(item, events)| {
            let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
            let why = format!(
                "{observation} {} times for {item}, but only {count_max} are allowed; the last is #{}",
                seqs.len(),
                seqs.last().copied().unwrap_or_default()
            );
            Outcome::invalid(why, seqs)
        }))
    })
}
