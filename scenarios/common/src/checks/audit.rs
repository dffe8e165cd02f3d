//! What is written down agrees with what happened: once for each time.

use std::collections::BTreeMap;

use chaosdrill::{Check, History, Outcome, Priority};
use serde_json::Value;

use crate::checks::rows::{Items, Step, steps, text};

/// Where a pipeline writes down what became of its items.
#[derive(Clone, Copy)]
pub struct Audit {
    /// The watch of the audit's rows.
    pub watch: &'static str,
    /// The column that names the item, as text.
    pub item: &'static str,
    /// The column with the kind of what happened.
    pub kind: &'static str,
    /// Which kind a change of an item asks for: its row before and after. Nothing: none.
    pub asked_by: for<'a> fn(&'a Value, &'a Value) -> Option<&'static str>,
    /// The kinds that this check counts.
    pub kinds: &'static [&'static str],
}

/// Each change that asks for an audit has exactly one of its kind, and no audit is without its change.
pub fn audits_agree_with_states(items: Items, audit: Audit) -> Check {
    audits_agree_by(items, audit, move |_, step| (audit.asked_by)(step.before, step.after))
}

/// As [`audits_agree_with_states`], where more than the row says which kind a change asks for: what the world outside
/// did meanwhile.
pub fn audits_agree_by(
    items: Items,
    audit: Audit,
    asked_by: impl Fn(&History, &Step<'_>) -> Option<&'static str> + Send + Sync + 'static,
) -> Check {
    Check::new("audits_agree_with_states", move |history| {
        let mut asked: BTreeMap<(String, &str), Vec<u64>> = BTreeMap::new();
        for step in steps(history, items.watch) {
            if let Some(kind) = asked_by(history, &step) {
                let item = plain(step.change.key);
                asked.entry((item, kind)).or_default().push(step.change.event.seq);
            }
        }
        let mut written: BTreeMap<(String, &str), Vec<u64>> = BTreeMap::new();
        for change in history.rows(audit.watch) {
            let Some(row) = change.after.filter(|_| change.before.is_none()) else { continue };
            let kind = text(row, audit.kind);
            if audit.kinds.contains(&kind) {
                let item = plain(&row[audit.item]);
                written.entry((item, kind)).or_default().push(change.event.seq);
            }
        }
        let places = asked.keys().chain(written.keys());
        let none = Vec::new();
        let wrong = places.into_iter().find_map(|place| {
            let (asked, written) =
                (asked.get(place).unwrap_or(&none), written.get(place).unwrap_or(&none));
            (asked.len() != written.len()).then_some((place, asked, written))
        });
        Outcome::unless(wrong.map(|((item, kind), asked, written)| {
            let why = format!(
                "{} {item} gave reason for {} audits `{kind}`, and there are {}",
                items.noun,
                asked.len(),
                written.len()
            );
            Outcome::invalid(why, asked.iter().chain(written).copied())
        }))
    })
    .priority(Priority::Medium)
}

/// A key as people write it.
fn plain(key: &Value) -> String {
    key.as_str().map_or_else(|| key.to_string(), str::to_owned)
}
