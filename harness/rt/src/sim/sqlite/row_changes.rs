//! The rows that a connection changed, as SQLite reports them.
//!
//! SQLite's hook names the table and the number of a row that a statement inserts, changes or deletes. It misses some:
//! the changes of a statement that it may not report in full are marked as partial, and watches read all rows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, hooks::Action};

/// Statements with one of these words may change rows, or their numbers, without a report.
const UNREPORTED: [&str; 6] = ["replace", "create", "alter", "drop", "vacuum", "reindex"];

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Inserted,
    Deleted,
    /// If its number was changed, only the new number is reported.
    Updated,
}

/// A row that was inserted, changed or deleted, perhaps in a transaction that was rolled back.
#[derive(Debug)]
pub(crate) struct RowChange {
    pub(crate) kind: Kind,
    /// In lower case.
    pub(crate) table: Box<str>,
    pub(crate) rowid: i64,
}

/// The changes of one connection since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct RowChanges {
    pub(crate) reported: Vec<RowChange>,
    /// Whether other rows of this database may have changed too.
    pub(crate) is_partial: bool,
    /// Whether another database was written, which the connection attached.
    pub(crate) is_elsewhere: bool,
}

impl RowChanges {
    pub(crate) fn is_empty(&self) -> bool {
        self.reported.is_empty() && !self.is_partial && !self.is_elsewhere
    }
}

/// Collects the changes of a connection.
#[derive(Debug)]
pub(super) struct Collector(Arc<Mutex<RowChanges>>);

impl Collector {
    /// Begins to collect.
    pub(super) fn new(connection: &Connection) -> rusqlite::Result<Self> {
        let changes = Arc::new(Mutex::new(RowChanges::default()));
        let collected = Arc::clone(&changes);
        connection.update_hook(Some(move |action, database: &str, table: &str, rowid| {
            let mut changes = lock(&collected);
            match database {
                "main" => {}
                "temp" => return,
                _ => changes.is_elsewhere = true,
            }
            let kind = match action {
                Action::SQLITE_INSERT => Kind::Inserted,
                Action::SQLITE_DELETE => Kind::Deleted,
                _ => Kind::Updated,
            };
            let table = table.to_ascii_lowercase().into();
            changes.reported.push(RowChange { kind, table, rowid });
        }))?;
        Ok(Self(changes))
    }

    /// The number of reported changes.
    pub(super) fn count(&self) -> u64 {
        lock(&self.0).reported.len() as u64
    }

    /// Notes that a statement changed rows without a report.
    pub(super) fn is_partial(&self) {
        lock(&self.0).is_partial = true;
    }

    pub(super) fn take(&self) -> RowChanges {
        std::mem::take(&mut lock(&self.0))
    }
}

fn lock(changes: &Mutex<RowChanges>) -> MutexGuard<'_, RowChanges> {
    changes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a text that writes may change rows that are not reported.
pub(super) fn may_be_unreported(sql: &str) -> bool {
    // Whole words: many a column is named `created_at`.
    sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| UNREPORTED.iter().any(|unreported| word.eq_ignore_ascii_case(unreported)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        assert!(!may_be_unreported("INSERT INTO t (created_at, replaced) VALUES ($1, $2)"));
        assert!(may_be_unreported("insert or\nreplace into t VALUES (1)"));
    }
}
