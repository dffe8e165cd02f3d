//! A database error that a fault injected, as an error of sqlx.

use std::{borrow::Cow, error::Error as StdError, fmt};

use sqlx::error::{DatabaseError, ErrorKind as SqlErrorKind};

/// A database error that a fault injected.
#[derive(Debug)]
pub(crate) struct OrderedError {
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    pub(crate) kind: fn() -> SqlErrorKind,
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
