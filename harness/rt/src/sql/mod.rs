//! SQL through sqlx: one connection type for every database, which runs sqlx's own queries.
//!
//! ```no_run
//! use chaosdrill_rt::sql::{Pool, Statements};
//!
//! const SQL: Statements = Statements::new("-- name: queue.take\nDELETE FROM queue WHERE id = $1 RETURNING body");
//! const TAKE: &str = SQL.get("queue.take");
//!
//! async fn take(pool: &Pool, id: i64) -> Result<Option<String>, sqlx::Error> {
//!     let mut tx = pool.begin("take").await?;
//!     let body = sqlx::query_scalar(TAKE).bind(id).fetch_optional(&mut *tx).await?;
//!     tx.commit().await?;
//!     Ok(body)
//! }
//! ```
//!
//! In a simulation, every statement is a boundary: it travels to the database host, the real database executes it
//! there, and its answer travels back. SQLite is not executed through sqlx's driver there, but answers the same. The
//! **site** of a statement is `sql:` and the name in its first line (`-- name: queue.take`), or a fingerprint of the
//! text if it has no name. BEGIN, COMMIT and ROLLBACK are named after their transaction: `sql:take.begin`,
//! `sql:take.commit`.
//!
//! [`Connection::unix_ms`] asks the database for its clock, at the site `sql:clock`. SQL's own `now` follows virtual
//! time too, but on madsim it begins at another date. SQL's `random()` follows the seed.
//!
//! The database type is sqlx's `Any`. SQLite accepts `$1` placeholders too, so each dialect can be one file of SQL.
//! [`Statements`] finds the statements of a file by name, and [`statements!`](crate::statements) makes a struct of a
//! whole file, both at compile time.
//!
//! # Types
//!
//! `Any` knows the types that databases have in common. These types work, also as `Option`:
//!
//! | Rust | SQLite | PostgreSQL |
//! |---|---|---|
//! | `i16`, `i32`, `i64` | `INTEGER` | `SMALLINT`, `INTEGER`, `BIGINT` |
//! | `f64` | `REAL` | `DOUBLE PRECISION` |
//! | `String`, `&str` | `TEXT` | `TEXT` |
//! | `Vec<u8>`, `&[u8]` | `BLOB` | `BYTEA` |
//!
//! Convert every other type in Rust and, on PostgreSQL, cast it in the statement:
//!
//! | Rust | store as | on PostgreSQL |
//! |---|---|---|
//! | `bool` | `i64`, 0 or 1; a column that is declared `BOOLEAN` cannot be read on SQLite | `$1::int::bool`, `x::int` |
//! | `f32` | `f64` | `REAL`, with `x::float8` |
//! | `u8`, `u16`, `u32` | `i64` | `BIGINT` |
//! | `u64` | `i64` if it fits (`i64::try_from`), else its decimal text | `BIGINT`; or `$1::numeric`, `x::text` |
//! | `Uuid` | its text of 36 characters | `$1::uuid`, `x::text` |
//! | an instant | milliseconds since 1970 as `i64` ([`crate::time::unix_ms`]) | `to_timestamp($1 / 1000.0)`, `(extract(epoch FROM x) * 1000)::bigint` |
//! | `Duration` | milliseconds as `i64` | `BIGINT` |
//! | JSON | its text | `$1::jsonb`, `x::text` |
//! | an enum | its name as text | `$1::kind`, `x::text` |

mod connection;
mod pool;
#[cfg(feature = "sim")]
mod simulated;
mod site;
mod statements;
mod transaction;

pub use connection::Connection;
pub use pool::{Pool, PoolOptions};
#[cfg(feature = "sim")]
pub(crate) use simulated::to_arguments;
pub use statements::{Iter, Statements, expansion};
pub use transaction::Transaction;

/// The SQL dialect of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Whether a transaction writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransactionMode {
    /// It will write. SQLite takes its only write lock at once (`BEGIN IMMEDIATE`), because a transaction that reads
    /// first may be unable to write later.
    #[default]
    Write,
    /// It may write. SQLite takes the lock at the first statement that writes. It refuses that statement with
    /// SQLITE_BUSY (5 or 517) if another connection wrote since the transaction's first read; begin again.
    Deferred,
    /// It only reads, and sees one state of the database. PostgreSQL refuses to write in it. SQLite has no such mode,
    /// and begins as with [`TransactionMode::Deferred`].
    Read,
}

impl Dialect {
    /// The dialect of a database URL.
    ///
    /// # Errors
    ///
    /// Returns [`sqlx::Error::Configuration`] if the scheme is neither `sqlite:` nor `postgres:`.
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

    /// The statement that begins a transaction.
    pub(crate) fn begin(self, mode: TransactionMode) -> &'static str {
        match (self, mode) {
            (Self::Sqlite, TransactionMode::Write) => "BEGIN IMMEDIATE",
            (Self::Sqlite, TransactionMode::Deferred | TransactionMode::Read) => "BEGIN",
            (Self::Postgres, TransactionMode::Write | TransactionMode::Deferred) => "BEGIN",
            (Self::Postgres, TransactionMode::Read) => "BEGIN READ ONLY",
        }
    }

    /// The query for the database's clock, in milliseconds since 1970.
    pub(crate) fn clock(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Self::Postgres => "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }
}
