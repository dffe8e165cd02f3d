//! An item is settled by whoever holds it.

use std::collections::BTreeSet;

use chaosdrill::{Check, Event, History, Outcome};
use serde_json::Value;

use crate::checks::rows::{Step, steps};

/// How a pipeline settles its items.
#[derive(Clone, Copy)]
pub struct Settling {
    /// What a witness calls an item.
    pub noun: &'static str,
    /// The name of the watch of their rows.
    pub watch: &'static str,
    /// Whether a change of a row settles its item, or does so once more.
    pub settles: fn(&Value, &Value) -> bool,
    /// The observation by which a host says, before it settles, under which claim; and its member that names the item.
    /// Where hosts say nothing, the host itself is what counts.
    pub said: Option<(&'static str, &'static str)>,
    /// Why the host could not settle the item as it did, in words that follow the item's name; nothing where it could.
    pub why_not: fn(&Step<'_>, &Event) -> Option<String>,
}

/// An item is settled under the claim that holds it, and under no other.
pub fn only_the_holder_settles(settling: Settling) -> Check {
    Check::new("only_the_holder_settles", move |history| {
        let wrong = steps(history, settling.watch).into_iter().find_map(|step| {
            if !(settling.settles)(step.before, step.after) {
                return None;
            }
            let word = match settling.said {
                Some((name, item)) => last_word(history, &step, name, item)?,
                None => step.change.event,
            };
            let why = (settling.why_not)(&step, word)?;
            Some((step, word, why))
        });
        Outcome::unless(wrong.map(|(step, word, why)| {
            let Event { seq, host, .. } = step.change.event;
            let why = format!("#{seq} {host} settled {} {} {why}", settling.noun, step.change.key);
            let witness = BTreeSet::from([step.since, word.seq, *seq]);
            Outcome::invalid(why, witness)
        }))
    })
}

/// What the host that changed a row said of its item last before it did.
fn last_word<'a>(
    history: &'a History,
    step: &Step<'_>,
    name: &'a str,
    item: &str,
) -> Option<&'a Event> {
    let change = step.change.event;
    let is_of_it = |said: &&Event| {
        said.seq < change.seq && said.host == change.host && said.get(item) == step.change.key
    };
    history.observed(name).filter(is_of_it).last()
}
