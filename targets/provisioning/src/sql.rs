//! The SQL statements and the migrations: a dialect is files of SQL, and the code that uses them exists once.

use chaosdrill_kit::sql::{Sql, UnsupportedDialect, for_sqlite};
use chaosdrill_rt::{
    defect,
    sql::{Pool, Statements},
};

const SQLITE: Statements = Statements::new(include_str!("../sql/sqlite.sql"));

/// All files run again at every start, in this order.
const MIGRATIONS: [Statements; 4] = [
    Statements::new(include_str!("../migrations/sqlite/0001_resources.sql")),
    Statements::new(include_str!("../migrations/sqlite/0002_pending.sql")),
    Statements::new(include_str!("../migrations/sqlite/0003_failed.sql")),
    Statements::new(include_str!("../migrations/sqlite/0004_neighbours.sql")),
];

/// The wrong forms of statements, for planted defects; compiled in only with the feature `defects`.
const SQLITE_WRONG: Statements = Statements::new(if cfg!(feature = "defects") {
    include_str!("../sql/sqlite.wrong.sql")
} else {
    ""
});

/// As [`SQLITE_WRONG`], of migrations.
#[cfg(feature = "defects")]
const MIGRATIONS_WRONG: Statements = Statements::new(include_str!("../sql/migrations.wrong.sql"));

/// The statements for the database of a pool.
pub(crate) fn of(pool: &Pool) -> Result<Sql, UnsupportedDialect> {
    for_sqlite(pool, Sql::new(SQLITE, SQLITE_WRONG))
}

/// The migrations, in order.
pub(crate) fn migrations() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().flat_map(|file| file.iter()).map(|(name, right)| match name {
        "migrate.0002" => defect!("R9", MIGRATIONS_WRONG.get(name), right),
        "migrate.0003" => defect!("R8", MIGRATIONS_WRONG.get(name), right),
        _ => right,
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    /// The sources of this crate, except for this file.
    fn sources(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, text);
            } else if !path.ends_with("sql.rs") {
                text.push_str(&std::fs::read_to_string(path).expect("text"));
            }
        }
    }

    #[test]
    fn every_name_used_has_a_statement_and_the_other_way_round() {
        let backend = Statements::new(include_str!("../sql/backend.sqlite.sql"));
        let known: BTreeSet<&str> =
            SQLITE.iter().chain(backend.iter()).map(|(name, _)| name).collect();
        let mut text = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
        for name in &known {
            assert!(text.contains(&format!("\"{name}\"")), "nobody asks for {name}");
        }
        for word in [".get(", ".step(", ".rows(", ".hold_on("] {
            let quoted = |part: &str| {
                Some(part.trim_start().strip_prefix('"')?.split('"').next()?.to_owned())
            };
            let unknown = text.split(word).skip(1).filter_map(quoted);
            let unknown: Vec<_> = unknown.filter(|name| !known.contains(name.as_str())).collect();
            assert!(unknown.is_empty(), "{unknown:?}");
        }
    }

    #[test]
    fn a_wrong_form_has_a_right_one() {
        for (name, _) in SQLITE_WRONG.iter() {
            SQLITE.get(name);
        }
        #[cfg(feature = "defects")]
        let right: Vec<&str> =
            MIGRATIONS.iter().flat_map(|file| file.iter()).map(|(name, _)| name).collect();
        #[cfg(feature = "defects")]
        assert!(MIGRATIONS_WRONG.iter().all(|(name, _)| right.contains(&name)));
    }

    #[test]
    fn no_migration_knows_fewer_states_than_another() {
        for (name, sql) in MIGRATIONS.iter().flat_map(|file| file.iter()) {
            let states = crate::resource::Status::ALL.map(crate::resource::Status::name);
            let has_check = sql.contains("CHECK (status IN");
            let has_all = states.iter().all(|status| sql.contains(&format!("'{status}'")));
            assert!(!has_check || has_all, "{name}");
        }
    }
}
