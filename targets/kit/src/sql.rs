//! What a pipeline has for the dialect of its database, its migrations, and which errors of a database are transient.

use chaosdrill_rt::sql::{Dialect, Pool};
use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// The error for a dialect that this release has no statements for.
#[derive(Debug, thiserror::Error)]
#[error("there are no statements for {0:?} yet")]
pub struct UnsupportedDialect(Dialect);

/// Returns `sqlite` if the pool is one of SQLite.
///
/// # Errors
///
/// [`UnsupportedDialect`] for any other database.
pub fn for_sqlite<T>(pool: &Pool, sqlite: T) -> Result<T, UnsupportedDialect> {
    match pool.dialect() {
        Dialect::Sqlite => Ok(sqlite),
        other @ Dialect::Postgres => Err(UnsupportedDialect(other)),
    }
}

/// The migrations in these files, each by its name and its text.
///
/// It understands names as `sqlx::migrate!` does: `0001_first.sql`, or `0001_first.up.sql` with its `.down.sql`. That
/// macro would bring a second SQLite and a second tokio, for the compiler alone.
///
/// # Panics
///
/// If a name does not begin with a number and an underscore.
pub fn migrator(files: &[(&str, &'static str)]) -> Migrator {
    let migration = |&(file, sql): &(&str, &'static str)| {
        let (version, name) = file.split_once('_').expect("a number, an underscore and a name");
        let version = version.parse().expect("a migration begins with its number");
        let kind = MigrationType::from_filename(name);
        let description = name.trim_end_matches(kind.suffix()).replace('_', " ");
        let no_tx = sql.starts_with("-- no-transaction");
        Migration::new(version, description.into(), kind, sql.into_sql_str(), no_tx)
    };
    Migrator::with_migrations(files.iter().map(migration).collect())
}

/// Whether the same statement may succeed if it is tried again: by the code of the error, never by its text.
pub fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_transient_code(&code)),
        _ => false,
    }
}

/// SQLSTATEs have five characters; SQLite's codes are numbers with at most four digits.
fn is_transient_code(code: &str) -> bool {
    if code.len() == 5 { is_transient_sqlstate(code) } else { is_transient_sqlite(code) }
}

fn is_transient_sqlstate(code: &str) -> bool {
    match code {
        // A serialization failure or a deadlock: another transaction won.
        "40001" | "40P01" => true,
        // The server is shutting down, has crashed, or is not up yet.
        "57P01" | "57P02" | "57P03" => true,
        // The connection failed, or the server lacks resources.
        _ => code.starts_with("08") || code.starts_with("53"),
    }
}

fn is_transient_sqlite(code: &str) -> bool {
    // The low byte is the primary code; the bits above it add detail.
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const IOERR: u32 = 10;
    const FULL: u32 = 13;
    const CANTOPEN: u32 = 14;
    let primary = code.parse::<u32>().map(|code| code & 0xff);
    matches!(primary, Ok(BUSY | LOCKED | IOERR | FULL | CANTOPEN))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn codes_fall_on_their_side() {
        let transient = [
            "5", "6", "261", "517", "10", "2570", "13", "14", "40001", "40P01", "57P01", "57P02",
            "57P03", "08006", "08000", "53300",
        ];
        for code in transient {
            assert!(is_transient_code(code), "{code}");
        }
        for code in ["1", "19", "275", "1555", "2067", "23505", "23514", "25P02", "42P01", ""] {
            assert!(!is_transient_code(code), "{code}");
        }
    }

    #[test]
    fn errors_of_sqlx_fall_on_their_side() {
        let broken = sqlx::Error::Io(io::Error::from(io::ErrorKind::BrokenPipe));
        for error in [broken, sqlx::Error::PoolTimedOut, sqlx::Error::PoolClosed] {
            assert!(is_transient(&error), "{error}");
        }
        for error in [sqlx::Error::RowNotFound, sqlx::Error::ColumnNotFound("x".into())] {
            assert!(!is_transient(&error), "{error}");
        }
    }
}
