//! Checks success against the outside world instead of the rows.

use std::collections::BTreeMap;

use chaosdrill::{Check, Outcome};

use crate::checks::rows::text;

/// How rows report that an item is done, and how the outside world reports that it accepted it.
#[derive(Clone, Copy)]
pub struct Done {
    /// The name of the check.
    pub check: &'static str,
    /// The name of a row in a witness, and the member by which the outside world names it.
    pub noun: &'static str,
    /// The name of the watch.
    pub watch: &'static str,
    /// The status of a row that is done.
    pub status: &'static str,
    /// The observation by which the outside world reports that it accepted an item.
    pub observed: &'static str,
    /// The witness text if it did not: "the broker never accepted it".
    pub never: &'static str,
}

/// Every item that became done had been accepted by the outside world before.
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
