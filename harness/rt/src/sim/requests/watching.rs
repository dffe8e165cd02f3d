//! The look at the watched rows after every committed write.

use chaosdrill_core::request::sql::{ConnectionId, Error};

use crate::sim::{database, host::Here, inspector, simulation::with_world};

/// The first words of statements that change the schema.
const CHANGES_THE_SCHEMA: [&str; 3] = ["CREATE", "ALTER", "DROP"];

/// The first word of a statement, in capitals.
pub(super) fn verb(sql: &str) -> String {
    let is_code = |line: &&str| !line.trim_start().starts_with("--") && !line.trim().is_empty();
    let line = sql.lines().find(is_code).unwrap_or_default().to_ascii_uppercase();
    let mut words = line.trim_start().split(|c: char| !c.is_ascii_alphabetic());
    match words.next().unwrap_or_default() {
        "ROLLBACK" if words.any(|word| word == "TO") => "ROLLBACK TO".to_owned(),
        verb => verb.to_owned(),
    }
}

/// Whether a statement with this first word may write.
pub(super) fn may_write(verb: &str) -> bool {
    const READING: [&str; 10] = [
        "SELECT",
        "BEGIN",
        "COMMIT",
        "END",
        "ROLLBACK",
        "ROLLBACK TO",
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
    pub(super) connection: ConnectionId,
}

impl Watching<'_> {
    pub(super) fn after<T>(
        &self,
        mut operation: impl FnMut() -> Result<T, Error>,
    ) -> impl FnMut() -> Result<T, Error> {
        move || {
            let output = operation()?;
            if CHANGES_THE_SCHEMA.contains(&self.verb) {
                inspector::forget_schema(self.database);
            }
            let ends = matches!(self.verb, "COMMIT" | "END");
            if ends || (may_write(self.verb) && !self.in_transaction) {
                let written = database::written(self.connection);
                if !written.is_empty() {
                    with_world(|world| world.had_effect(self.here, self.site));
                }
                // A new column changes every row, although no row was written.
                let of_schema = |verb: &&str| written.contains(&verb.to_ascii_lowercase());
                if database::has_changed_rows(self.connection)
                    || CHANGES_THE_SCHEMA.iter().any(of_schema)
                {
                    inspector::inspect(self.database, &written);
                }
            }
            Ok(output)
        }
    }
}
