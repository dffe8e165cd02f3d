//! The SQL statements of the pipeline: a dialect is a file of SQL, and the code that uses them exists once.

use chaosdrill_kit::sql::{Sql, UnsupportedDialect, for_sqlite};
use chaosdrill_rt::sql::{Pool, Statements};

const SQLITE: Statements = Statements::new(include_str!("../sql/sqlite.sql"));

/// The wrong forms of statements, for planted defects; compiled in only with the feature `defects`.
const SQLITE_WRONG: Statements = Statements::new(if cfg!(feature = "defects") {
    include_str!("../sql/sqlite.wrong.sql")
} else {
    ""
});

/// The statements for the database of a pool.
pub(crate) fn of(pool: &Pool) -> Result<Sql, UnsupportedDialect> {
    for_sqlite(pool, Sql::new(SQLITE, SQLITE_WRONG))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    /// All statement names that are quoted in the sources of this crate.
    fn names_used() -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for entry in std::fs::read_dir(sources).expect("the sources are there") {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(path).expect("text");
            let quoted = text.split('"').filter(|part| {
                let families = ["notifications.", "dashboard.", "notifier."];
                let is_name = |c: char| c.is_ascii_lowercase() || c == '.' || c == '_';
                families.iter().any(|family| part.starts_with(family) && part.len() > family.len())
                    && part.chars().all(is_name)
            });
            names.extend(quoted.map(str::to_owned));
        }
        names
    }

    #[test]
    fn every_statement_is_used() {
        let notifier = Statements::new(include_str!("../sql/notifier.sqlite.sql"));
        let used = names_used();
        for (name, _) in SQLITE.iter().chain(notifier.iter()) {
            assert!(used.contains(name), "{name} is used nowhere");
        }
    }

    #[test]
    fn a_wrong_form_has_a_right_one() {
        for (name, _) in SQLITE_WRONG.iter() {
            SQLITE.get(name.split('_').next().unwrap_or(name));
        }
    }
}
