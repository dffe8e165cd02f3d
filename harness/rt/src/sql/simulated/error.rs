//! Errors of a database, as sqlx has them.

use std::{borrow::Cow, error::Error as StdError, fmt};

use chaosdrill_core::request::sql::{Constraint, Error};
use sqlx::error::{DatabaseError, ErrorKind};

use crate::sim::injected_errors;

/// The same error of sqlx.
pub(super) fn of(error: Error) -> sqlx::Error {
    match error {
        Error::Connection(how) => sqlx::Error::Io(injected_errors::lost(how)),
        Error::Database { code, message, violates } => {
            sqlx::Error::Database(Box::new(Refused { code, message, violates }))
        }
        Error::Column { column, message } => {
            sqlx::Error::ColumnDecode { index: column, source: message.into() }
        }
        Error::Decode { message } => sqlx::Error::Decode(message.into()),
        Error::Unsupported { message } => sqlx::Error::Protocol(message),
        Error::Url { message } => sqlx::Error::Configuration(message.into()),
    }
}

/// A statement that a database refused, or that a fault did in its place.
#[derive(Debug)]
struct Refused {
    code: String,
    message: String,
    violates: Option<Constraint>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(code: {}) {}", self.code, self.message)
    }
}

impl StdError for Refused {}

impl DatabaseError for Refused {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.as_str().into())
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

    fn kind(&self) -> ErrorKind {
        match self.violates {
            Some(Constraint::Unique) => ErrorKind::UniqueViolation,
            Some(Constraint::ForeignKey) => ErrorKind::ForeignKeyViolation,
            Some(Constraint::NotNull) => ErrorKind::NotNullViolation,
            Some(Constraint::Check) => ErrorKind::CheckViolation,
            None => ErrorKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use chaosdrill_core::request::Broken;

    use super::*;

    #[test]
    fn the_data_has_the_text_of_the_error() {
        let message = || "why".to_owned();
        let errors = [
            Error::Connection(Broken::Reset),
            Error::Connection(Broken::Refused),
            Error::Database { code: "5".to_owned(), message: message(), violates: None },
            Error::Column { column: "a".to_owned(), message: message() },
            Error::Decode { message: message() },
            Error::Unsupported { message: message() },
            Error::Url { message: message() },
        ];
        for error in errors {
            assert_eq!(error.to_string(), of(error).to_string());
        }
    }
}
