//! Injected errors, as a driver would give them.

use std::io;

use chaosdrill_core::{ErrorKind, run::DatabaseKind};
use sqlx::error::ErrorKind as SqlErrorKind;

use crate::sim::{ordered_error::OrderedError, sqlite};

/// The error that sqlx would give for a database of this kind.
pub(crate) fn sql(kind: DatabaseKind, error: ErrorKind) -> sqlx::Error {
    let ordered = match kind {
        DatabaseKind::Sqlite => sqlite::error(error),
    };
    match ordered {
        Some(error) => sqlx::Error::Database(Box::new(error)),
        None => sqlx::Error::Io(network(error)),
    }
}

/// The error that a socket would give.
pub(crate) fn network(kind: ErrorKind) -> io::Error {
    match kind {
        ErrorKind::Refused => {
            io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused")
        }
        _ => io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer"),
    }
}

/// The error that object storage would give; a condition that fails is that nothing is there yet, or what is there.
pub(crate) fn store(kind: ErrorKind, path: &str, creates: bool) -> object_store::Error {
    let path = path.to_owned();
    match kind {
        ErrorKind::Precondition if creates => {
            object_store::Error::AlreadyExists { path, source: "somebody was first".into() }
        }
        ErrorKind::Precondition => {
            object_store::Error::Precondition { path, source: "somebody was first".into() }
        }
        ErrorKind::Full => {
            let source = io::Error::new(io::ErrorKind::StorageFull, "no space left");
            object_store::Error::Generic { store: "simulated", source: source.into() }
        }
        _ => object_store::Error::Generic { store: "simulated", source: network(kind).into() },
    }
}

/// What PostgreSQL answers in a transaction that has failed.
pub(crate) fn aborted_transaction() -> sqlx::Error {
    let message = "current transaction is aborted, commands ignored until end of transaction block";
    sqlx::Error::Database(Box::new(OrderedError {
        code: "25P02",
        message,
        kind: || SqlErrorKind::Other,
    }))
}
