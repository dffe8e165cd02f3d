//! Checks that items reach a terminal state and stay in it.

use chaosdrill::{Check, History, Outcome};
use serde_json::Value;

use crate::checks::rows::{Items, Step, last_change, last_rows_by_key, steps, text};

/// How much of the last error of an item a finding quotes, in characters.
const ERROR_CHARS_MAX: usize = 120;

/// An item never leaves a terminal state.
pub fn terminal_is_final(items: Items) -> Check {
    terminal_is_final_but(items, |_, _| false)
}

/// Like [`terminal_is_final`], except for changes that were requested, for example by an operator.
pub fn terminal_is_final_but(
    items: Items,
    may: impl Fn(&Value, &Value) -> bool + Send + Sync + 'static,
) -> Check {
    terminal_is_final_for(items, move |_, step| !may(step.before, step.after))
}

/// Like [`terminal_is_final`], for the changes that this selects.
pub fn terminal_is_final_for(
    items: Items,
    counts: impl Fn(&History, &Step<'_>) -> bool + Send + Sync + 'static,
) -> Check {
    Check::new("terminal_is_final", move |history| {
        let wrong = steps(history, items.watch).into_iter().find(|step| {
            let (was, is) = ((items.state)(step.before), (items.state)(step.after));
            items.terminal.contains(&was) && was != is && counts(history, step)
        });
        Outcome::unless(wrong.map(|step| {
            let why = format!(
                "#{} {} {} was {} since #{}, and became {}",
                step.change.event.seq,
                items.noun,
                step.change.key,
                (items.state)(step.before),
                step.since,
                (items.state)(step.after)
            );
            Outcome::invalid(why, [step.since, step.change.event.seq])
        }))
    })
}

/// Every item reaches a terminal state: no state is a trap.
pub fn every_item_comes_to_rest(items: Items) -> Check {
    every_item_comes_to_rest_but(items, |_, _| false)
}

/// Like [`every_item_comes_to_rest`], except for the items whose keys are excused.
pub fn every_item_comes_to_rest_but(
    items: Items,
    may: impl Fn(&History, &Value) -> bool + Send + Sync + 'static,
) -> Check {
    Check::new("every_item_comes_to_rest", move |history| {
        let rows = last_rows_by_key(history, items.watch);
        let mut open = rows.into_values().filter(|(_, row)| !items.is_terminal(row));
        let open = open.find(|(key, _)| !may(history, key));
        Outcome::unless(open.map(|(key, row)| {
            // A page of text in a finding helps nobody: its beginning says what it was.
            let error: String = text(row, "last_error").chars().take(ERROR_CHARS_MAX).collect();
            let why = format!(
                "{} {key} is still {}{}{error}",
                items.noun,
                (items.state)(row),
                if error.is_empty() { "" } else { "; its last error is: " }
            );
            Outcome::invalid(why, last_change(history, items.watch, key))
        }))
    })
}
