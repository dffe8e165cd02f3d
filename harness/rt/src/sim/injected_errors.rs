//! Injected errors, in the form in which a driver would return them.

use std::io;

use chaosdrill_core::{ErrorKind, run::DatabaseKind};
use sqlx::error::ErrorKind as SqlErrorKind;

use crate::sim::{ordered_error::OrderedError, sqlite};

/// The error that sqlx would return for a database of this kind.
pub(crate) fn sql(kind: DatabaseKind, error: ErrorKind) -> sqlx::Error {
    let ordered = match kind {
        DatabaseKind::Sqlite => sqlite::error(error),
    };
    match ordered {
        Some(error) => sqlx::Error::Database(Box::new(error)),
        None => sqlx::Error::Io(network(error)),
    }
}

/// The error that a socket would return.
pub(crate) fn network(kind: ErrorKind) -> io::Error {
    match kind {
        ErrorKind::Refused => {
            io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused")
        }
        _ => io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer"),
    }
}

/// The error that object storage would return. `creates` says which condition a refused call failed: that the object is
/// absent, or that it has a known version.
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

/// PostgreSQL's error for a statement in a transaction that has failed.
pub(crate) fn aborted_transaction() -> sqlx::Error {
    let message = "current transaction is aborted, commands ignored until end of transaction block";
    sqlx::Error::Database(Box::new(OrderedError {
        code: "25P02",
        message,
        kind: || SqlErrorKind::Other,
    }))
}
