//! Errors of a store, as the crate `object_store` has them.

use std::io;

use chaosdrill_core::request::store::{Error, NO_SPACE};

use crate::sim::injected_errors;

/// The same error of the crate.
pub(super) fn of(error: Error) -> object_store::Error {
    let simulated = |source: io::Error| object_store::Error::Generic {
        store: "simulated",
        source: source.into(),
    };
    match error {
        Error::Connection(how) => simulated(injected_errors::lost(how)),
        Error::Full => simulated(io::Error::new(io::ErrorKind::StorageFull, NO_SPACE)),
        Error::NotFound { path, message } => {
            object_store::Error::NotFound { path, source: message.into() }
        }
        Error::AlreadyExists { path, message } => {
            object_store::Error::AlreadyExists { path, source: message.into() }
        }
        Error::Precondition { path, message } => {
            object_store::Error::Precondition { path, source: message.into() }
        }
        Error::NotModified { path, message } => {
            object_store::Error::NotModified { path, source: message.into() }
        }
        Error::NotSupported { message } => {
            object_store::Error::NotSupported { source: message.into() }
        }
        Error::Url { message } => super::unusable(message.into()),
        Error::Other { message } => {
            object_store::Error::Generic { store: "InMemory", source: message.into() }
        }
    }
}

#[cfg(test)]
mod tests {
    use chaosdrill_core::request::Broken;

    use super::*;

    #[test]
    fn the_data_has_the_text_of_the_error() {
        let (path, message) = (|| "a/b".to_owned(), || "why".to_owned());
        let errors = [
            Error::Connection(Broken::Reset),
            Error::Connection(Broken::Refused),
            Error::Full,
            Error::NotFound { path: path(), message: message() },
            Error::AlreadyExists { path: path(), message: message() },
            Error::Precondition { path: path(), message: message() },
            Error::NotModified { path: path(), message: message() },
            Error::NotSupported { message: message() },
            Error::Url { message: message() },
            Error::Other { message: message() },
        ];
        for error in errors {
            assert_eq!(error.to_string(), of(error).to_string());
        }
    }
}
