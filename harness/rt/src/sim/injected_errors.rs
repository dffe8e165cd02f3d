//! Injected errors, as the answers of steps.

use std::io;

use chaosdrill_core::{
    ErrorKind,
    request::{Broken, sql, store},
    run::DatabaseKind,
};

use crate::sim::sqlite;

/// The error that a database of this kind would return.
pub(crate) fn sql(kind: DatabaseKind, error: ErrorKind) -> sql::Error {
    let refused = match kind {
        DatabaseKind::Sqlite => sqlite::error(error),
    };
    refused.unwrap_or(sql::Error::Connection(broken(error)))
}

/// The error of a database whose connection is lost.
pub(crate) fn lost_connection() -> sql::Error {
    sql::Error::Connection(Broken::Reset)
}

fn broken(kind: ErrorKind) -> Broken {
    match kind {
        ErrorKind::Refused => Broken::Refused,
        _ => Broken::Reset,
    }
}

/// The error that a socket would return.
pub(crate) fn network(kind: ErrorKind) -> io::Error {
    lost(broken(kind))
}

/// The error of a socket whose connection was lost.
pub(crate) fn lost(how: Broken) -> io::Error {
    let kind = match how {
        Broken::Reset => io::ErrorKind::ConnectionReset,
        Broken::Refused => io::ErrorKind::ConnectionRefused,
    };
    io::Error::new(kind, how.to_string())
}

/// The error that object storage would return. `creates` says which condition a refused call failed: that the object is
/// absent, or that it has a known version.
pub(crate) fn store(kind: ErrorKind, path: &str, creates: bool) -> store::Error {
    let (path, message) = (path.to_owned(), "somebody was first".to_owned());
    match kind {
        ErrorKind::Precondition if creates => store::Error::AlreadyExists { path, message },
        ErrorKind::Precondition => store::Error::Precondition { path, message },
        ErrorKind::Full => store::Error::Full,
        _ => store::Error::Connection(broken(kind)),
    }
}

/// PostgreSQL's error for a statement in a transaction that has failed.
pub(crate) fn aborted_transaction() -> sql::Error {
    let message = "current transaction is aborted, commands ignored until end of transaction block";
    sql::Error::Database { code: "25P02".to_owned(), message: message.to_owned(), violates: None }
}
