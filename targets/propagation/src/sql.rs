//! The SQL statements of the pipeline: a dialect is a file of SQL, and the code that uses them exists once.

use chaosdrill_kit::sql::{UnsupportedDialect, for_sqlite};
use chaosdrill_rt::{
    defect,
    sql::{Pool, Statements},
};

const SQLITE: Statements = Statements::new(include_str!("../sql/sqlite.sql"));

/// The wrong forms of statements, for planted defects; compiled in only where those are.
#[cfg(feature = "defects")]
const SQLITE_WRONG: Statements = Statements::new(include_str!("../sql/sqlite.wrong.sql"));

/// As [`SQLITE_WRONG`]: with a guard for rows at rest, and without the claim.
#[cfg(feature = "defects")]
const SQLITE_UNFENCED: Statements = Statements::new(include_str!("../sql/sqlite.unfenced.sql"));

/// The statements of one dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql(Statements);

impl Sql {
    /// The statements for the database of a pool.
    pub(crate) fn of(pool: &Pool) -> Result<Self, UnsupportedDialect> {
        for_sqlite(pool, Self(SQLITE))
    }

    /// The statement of that name.
    pub(crate) fn get(self, name: &str) -> &'static str {
        self.0.get(name)
    }

    /// The statement of that name, which settles a row: only for whoever holds it, and only while it is open.
    pub(crate) fn settle(self, name: &str) -> &'static str {
        let statement = defect!("P20b", SQLITE_UNFENCED.get(name), self.get(name));
        defect!("P20", SQLITE_WRONG.get(name), statement)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    /// All names that stand in the sources of this crate as `get("NAME")` or `settle("NAME")`.
    fn names_used() -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for entry in std::fs::read_dir(sources).expect("the sources are there") {
            let path = entry.expect("an entry").path();
            if path.ends_with("sql.rs") {
                continue;
            }
            let text = std::fs::read_to_string(path).expect("text");
            for word in [".get(", ".settle("] {
                let quoted = |part: &str| {
                    Some(part.trim_start().strip_prefix('"')?.split('"').next()?.to_owned())
                };
                names.extend(text.split(word).skip(1).filter_map(quoted));
            }
        }
        names
    }

    #[test]
    fn every_name_used_has_a_statement_and_the_other_way_round() {
        let provisioner = Statements::new(include_str!("../sql/provisioner.sqlite.sql"));
        let known: BTreeSet<String> =
            SQLITE.iter().chain(provisioner.iter()).map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names_used(), known);
    }

    #[cfg(feature = "defects")]
    #[test]
    fn a_wrong_form_has_a_right_one() {
        for (name, _) in SQLITE_WRONG.iter().chain(SQLITE_UNFENCED.iter()) {
            SQLITE.get(name);
        }
    }
}
