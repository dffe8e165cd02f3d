//! Success is what the world outside shows, and not what a row says.

use std::collections::BTreeMap;

use chaosdrill::{Check, Outcome};

use crate::checks::rows::text;

/// How rows tell that something was done, and how the world outside tells that it was.
#[derive(Clone, Copy)]
pub struct Done {
    /// The name of the check.
    pub check: &'static str,
    /// What a witness calls one row, and the member by which the world outside names it.
    pub noun: &'static str,
    /// The name of the watch.
    pub watch: &'static str,
    /// The status of what is done.
    pub status: &'static str,
    /// What the world outside observes.
    pub observed: &'static str,
    /// What is said where it did not: "the broker never accepted it".
    pub never: &'static str,
}

/// What became done was accepted outside before.
pub fn done_means_accepted(done: Done) -> Check {
    Check::new(done.check, move |history| {
        let mut accepted: BTreeMap<&str, u64> = BTreeMap::new();
        for event in history.observed(done.observed) {
            accepted.entry(event.text(done.noun)).or_insert(event.seq);
        }
        let is_done = |row: &serde_json::Value| text(row, "status") == done.status;
        let wrong = history.rows(done.watch).into_iter().find(|change| {
            let became = change.after.is_some_and(is_done) && !change.before.is_some_and(is_done);
            let first = accepted.get(change.key.as_str().unwrap_or_default());
            became && first.is_none_or(|first| *first > change.event.seq)
        });
        Outcome::unless(wrong.map(|change| {
            let (seq, Done { noun, status, never, .. }) = (change.event.seq, done);
            let why = format!("#{seq} {noun} {} is marked as {status}, and {never}", change.key);
            Outcome::invalid(why, [seq])
        }))
    })
}
