//! Checks that the audit log matches the changes of the items: one audit per change.

use std::collections::BTreeMap;

use chaosdrill::{Check, History, Outcome, Priority};
use serde_json::Value;

use crate::checks::rows::{Items, Step, steps, text};

/// The audit log of a pipeline.
#[derive(Clone, Copy)]
pub struct Audit {
    /// The watch of the audit's rows.
    pub watch: &'static str,
    /// The column that names the item, as text.
    pub item: &'static str,
    /// The column with the kind of what happened.
    pub kind: &'static str,
    /// The audit kind that a change of an item requires, from its row before and after; `None` if it requires no audit.
    pub asked_by: for<'a> fn(&'a Value, &'a Value) -> Option<&'static str>,
    /// The kinds that this check counts.
    pub kinds: &'static [&'static str],
}

/// Every change that requires an audit has exactly one of its kind, and every audit has its change.
pub fn audits_agree_with_states(items: Items, audit: Audit) -> Check {
    audits_agree_by(items, audit, move |_, step| (audit.asked_by)(step.before, step.after))
}

/// Like [`audits_agree_with_states`], if the row alone does not determine the audit kind, because it also depends on
/// the outside world.
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
                "{} {item} needs {} audits `{kind}`, but has {}",
                items.noun,
                asked.len(),
                written.len()
            );
            Outcome::invalid(why, asked.iter().chain(written).copied())
        }))
    })
    .priority(Priority::Medium)
}

/// A key without JSON quotes.
fn plain(key: &Value) -> String {
    key.as_str().map_or_else(|| key.to_string(), str::to_owned)
}
