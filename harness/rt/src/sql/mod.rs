//! SQL through sqlx: one connection type for every database, and sqlx's own queries on it.
//!
//! ```no_run
//! use chaosdrill_rt::sql::{Pool, Statements};
//!
//! static SQL: Statements = Statements::new("-- name: queue.take\nDELETE FROM queue WHERE id = $1 RETURNING body");
//!
//! async fn take(pool: &Pool, id: i64) -> Result<Option<String>, sqlx::Error> {
//!     let mut tx = pool.begin("take").await?;
//!     let body = sqlx::query_scalar(SQL.get("queue.take")).bind(id).fetch_optional(&mut *tx).await?;
//!     tx.commit().await?;
//!     Ok(body)
//! }
//! ```
//!
//! Inside a simulation every statement is a boundary: it travels to the database host, is executed there by the
//! real database, and its answer travels back. Its **site** is `sql:` and the name in the statement's first line
//! (`-- name: queue.take`), or a fingerprint of the text where it has none. BEGIN, COMMIT and ROLLBACK are named
//! after their transaction: `sql:take.begin`, `sql:take.commit`.
//!
//! [`Connection::unix_ms`] asks the database for its clock, at the site `sql:clock`. SQL's own `now` is none of the
//! simulation's: SQLite asks the machine.
//!
//! The type of the database is sqlx's `Any`; SQLite takes `$1` placeholders too, so that a dialect is a file of SQL.

mod connection;
mod pool;
#[cfg(feature = "sim")]
mod simulated;
mod site;
mod statements;
mod transaction;

pub use connection::Connection;
pub use pool::{Pool, PoolOptions};
pub use statements::Statements;
pub use transaction::Transaction;

/// What SQL a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// The dialect of a database URL.
    ///
    /// # Errors
    ///
    /// [`sqlx::Error::Configuration`] for a scheme that is neither `sqlite:` nor `postgres:`.
    pub fn of_url(url: &str) -> Result<Self, sqlx::Error> {
        match url.split(':').next().unwrap_or_default() {
            "sqlite" => Ok(Self::Sqlite),
            "postgres" | "postgresql" => Ok(Self::Postgres),
            other => {
                let why = format!("`{other}:` is no known database; use `sqlite:` or `postgres:`");
                Err(sqlx::Error::Configuration(why.into()))
            }
        }
    }

    /// How a transaction begins that is going to write. SQLite takes its one write lock at once, because a reader
    /// that turns writer later may find that it cannot.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// What asks the database for its clock, in milliseconds since 1970.
    pub(crate) fn clock(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Self::Postgres => "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }
}
