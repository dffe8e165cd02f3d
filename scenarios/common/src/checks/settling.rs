//! Checks that only the holder of an item settles it.

use std::collections::BTreeSet;

use chaosdrill::{Check, Event, History, Outcome};
use serde_json::Value;

use crate::checks::rows::{Step, steps};

/// How a pipeline settles its items.
#[derive(Clone, Copy)]
pub struct Settling {
    /// The name of an item in a witness.
    pub noun: &'static str,
    /// The name of the watch of their rows.
    pub watch: &'static str,
    /// Whether a change of a row settles its item, for the first time or again.
    pub settles: fn(&Value, &Value) -> bool,
    /// The observation by which a host reports its claim before it settles, and the member that names the item. `None`
    /// if hosts do not report it; the host that made the change is then judged.
    pub said: Option<(&'static str, &'static str)>,
    /// Why the host was not entitled to settle the item, as text that follows the item's name; `None` if it was.
    pub why_not: fn(&Step<'_>, &Event) -> Option<String>,
}

/// An item is settled only under the claim that holds it.
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

/// The last observation about the item by the host that changed the row, before that change.
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
