//! The look at the watched rows after every committed write.

use std::collections::BTreeSet;

use sqlx::Error;

use crate::sim::{host::Here, inspector, simulation::with_world};

/// Whether a statement with this first word may write.
pub(super) fn may_write(verb: &str) -> bool {
    const READING: [&str; 9] = [
        "SELECT",
        "BEGIN",
        "COMMIT",
        "END",
        "ROLLBACK",
        "PRAGMA",
        "EXPLAIN",
        "SAVEPOINT",
        "RELEASE",
    ];
    !READING.contains(&verb)
}

/// Inspects the watched rows after every committed write.
pub(super) struct Watching<'a> {
    pub(super) here: Here,
    pub(super) site: &'a str,
    pub(super) database: &'a str,
    pub(super) verb: &'a str,
    pub(super) in_transaction: bool,
    /// The words of all statements that wrote since the transaction began; the names of tables are among them.
    pub(super) written: &'a BTreeSet<String>,
}

impl Watching<'_> {
    pub(super) fn after<T>(
        &self,
        mut operation: impl FnMut() -> Result<T, Error>,
    ) -> impl FnMut() -> Result<T, Error> {
        move || {
            let output = operation()?;
            if matches!(self.verb, "CREATE" | "ALTER" | "DROP") {
                inspector::forget_schema(self.database);
            }
            let ends = matches!(self.verb, "COMMIT" | "END");
            if ends || (may_write(self.verb) && !self.in_transaction) {
                if !self.written.is_empty() {
                    with_world(|world| world.had_effect(self.here, self.site));
                }
                inspector::inspect(self.database, self.written);
            }
            Ok(output)
        }
    }
}
