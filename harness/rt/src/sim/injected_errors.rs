//! Injected errors, as a driver would give them.

use std::{borrow::Cow, error::Error as StdError, fmt, io};

use chaosdrill_core::ErrorKind;
use sqlx::error::{DatabaseError, ErrorKind as SqlErrorKind};

/// An error of the database that a fault ordered.
#[derive(Debug)]
pub(crate) struct OrderedError {
    code: &'static str,
    message: &'static str,
    kind: fn() -> SqlErrorKind,
}

impl fmt::Display for OrderedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(code: {}) {}", self.code, self.message)
    }
}

impl StdError for OrderedError {}

impl DatabaseError for OrderedError {
    fn message(&self) -> &str {
        self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.into())
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> SqlErrorKind {
        (self.kind)()
    }
}

/// The error that sqlx would give; codes are SQLite's or SQLSTATEs, as the kind says.
pub(crate) fn sql(kind: ErrorKind) -> sqlx::Error {
    let other = || SqlErrorKind::Other;
    let (code, message, kind): (_, _, fn() -> SqlErrorKind) = match kind {
        ErrorKind::Reset
        | ErrorKind::Refused
        | ErrorKind::Precondition
        | ErrorKind::Torn
        | ErrorKind::Injected => {
            return sqlx::Error::Io(network(kind));
        }
        ErrorKind::Busy => ("5", "database is locked", other),
        ErrorKind::Serialization => {
            ("40001", "could not serialize access due to concurrent update", other)
        }
        ErrorKind::Deadlock => ("40P01", "deadlock detected", other),
        ErrorKind::Constraint => {
            ("275", "CHECK constraint failed", || SqlErrorKind::CheckViolation)
        }
        ErrorKind::Full => ("13", "database or disk is full", other),
    };
    sqlx::Error::Database(Box::new(OrderedError { code, message, kind }))
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
