//! Errors of the event store, the outbox and the consumer, and whether to retry.

use chaosdrill_rt::{defect, fail::Injected};

use crate::{
    account::ModelError,
    classify::{cause_of, is_transient},
    event::DecodeError,
};

/// Whether a retry may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryClass {
    /// A retry may succeed: the fault was temporary.
    Retryable,
    /// No retry succeeds: the input or the state forbids it.
    Permanent,
}

impl RetryClass {
    /// The name in answers and observations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retryable => "retryable",
            Self::Permanent => "permanent",
        }
    }
}

/// Why a turn in the queue of an account was not granted, or was lost.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Earlier turns took too long.
    #[error("others were before for too long")]
    Busy,
    /// The turn lasted too long, and was given to the next. Whether its command was committed is unknown.
    #[error("the turn lasted too long")]
    Expired,
    /// A task panicked while it had the queues locked.
    #[error("the queues are in an unknown state")]
    Poisoned,
}

/// Why the repository or the outbox did not carry out an operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// Another writer appended to the stream first.
    #[error("account {id} is at version {actual}, not at {expected}")]
    ConcurrentWrite {
        /// The account.
        id: String,
        /// The version that the writer expected.
        expected: i64,
        /// The version in the store.
        actual: i64,
    },
    /// The account does not exist yet.
    #[error("there is no account {id}")]
    NotFound {
        /// The account.
        id: String,
    },
    /// The database returned an error.
    #[error("failed to {operation}")]
    Storage {
        /// The operation that failed.
        operation: &'static str,
        /// Whether a retry may succeed.
        retryable: bool,
        /// The error of the database.
        source: sqlx::Error,
    },
    /// No turn in the queue of the account was granted, or it was lost.
    #[error("no turn in the queue of account {id}")]
    Lock {
        /// The account.
        id: String,
        /// The reason.
        source: LockError,
    },
    /// The account refuses the command.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An event of the stream cannot be replayed.
    #[error("event {sequence} of account {id}, {event:?}, cannot be replayed")]
    Replay {
        /// The account.
        id: String,
        /// The position of the event.
        sequence: i64,
        /// The type of the event.
        event: String,
        /// The reason.
        source: DecodeError,
    },
    /// An event of the stream is missing.
    #[error("event {expected} of account {id} is not there, event {found} is")]
    Gap {
        /// The account.
        id: String,
        /// The sequence that was expected.
        expected: i64,
        /// The sequence that was found.
        found: i64,
    },
    /// The claim does not hold the message, or no longer holds it.
    #[error("message {message} is not held by {worker} under attempt {attempt}")]
    InvalidState {
        /// The message.
        message: String,
        /// The worker that tried to settle it.
        worker: String,
        /// The attempt of the claim.
        attempt: i64,
    },
    /// The text is not a valid id of an account or a command.
    #[error("{id:?} names nothing")]
    InvalidStreamIdentity {
        /// The text.
        id: String,
    },
    /// The id is already used by another command.
    #[error("the id {id} belongs to another command")]
    DuplicateCommand {
        /// The id.
        id: String,
    },
    /// A failpoint injected an error.
    #[error(transparent)]
    Injected(#[from] Injected),
}

impl RepositoryError {
    /// Whether a retry may succeed.
    pub fn kind(&self) -> RetryClass {
        let retryable = match self {
            Self::NotFound { .. } => defect!("O40", false, true),
            Self::ConcurrentWrite { .. } => defect!("O67", false, true),
            Self::Injected(_) => true,
            Self::Storage { retryable, .. } => *retryable,
            Self::Lock { source: LockError::Busy, .. } => defect!("O32", false, true),
            Self::Lock { source: LockError::Expired, .. } => defect!("O32b", false, true),
            Self::Lock { source: LockError::Poisoned, .. } => false,
            Self::Model(_)
            | Self::Replay { .. }
            | Self::Gap { .. }
            | Self::InvalidState { .. }
            | Self::InvalidStreamIdentity { .. }
            | Self::DuplicateCommand { .. } => false,
        };
        if retryable { RetryClass::Retryable } else { RetryClass::Permanent }
    }

    /// Of a conflict, the version that the writer expected and the one in the store.
    pub fn versions(&self) -> Option<(i64, i64)> {
        match self {
            Self::ConcurrentWrite { expected, actual, .. } => Some((*expected, *actual)),
            _ => None,
        }
    }

    /// The root cause, in one word, such as the code that the database returned.
    pub fn cause(&self) -> String {
        match self {
            Self::ConcurrentWrite { .. } => "concurrent_write".into(),
            Self::NotFound { .. } => "not_found".into(),
            Self::Storage { source, .. } => defect!("O46", String::new(), cause_of(source)),
            Self::Lock { source: LockError::Expired, .. } => "lock_expired".into(),
            Self::Lock { .. } => "lock".into(),
            Self::Model(_) => "model".into(),
            Self::Replay { .. } => "replay".into(),
            Self::Gap { .. } => "gap".into(),
            Self::InvalidState { .. } => "invalid_state".into(),
            Self::InvalidStreamIdentity { .. } => "identity".into(),
            Self::DuplicateCommand { .. } => "duplicate_command".into(),
            Self::Injected(_) => "injected".into(),
        }
    }
}

/// Wraps an error of sqlx: `.map_err(storage("claim a message"))`.
pub fn storage(operation: &'static str) -> impl Fn(sqlx::Error) -> RepositoryError {
    move |source| {
        let source = defect!("O24", sqlx::Error::Protocol(source.to_string()), source);
        RepositoryError::Storage { operation, retryable: is_transient(&source), source }
    }
}

/// Why a consumer did not apply a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandlerError {
    /// The database or the repository returned an error.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The message cannot be decoded.
    #[error("the message cannot be understood: {0}")]
    Decode(#[from] DecodeError),
}

impl HandlerError {
    /// Whether the message should be delivered again.
    pub fn transport_error_kind(&self) -> RetryClass {
        match self {
            Self::Repository(error) => defect!("O14", RetryClass::Retryable, error.kind()),
            Self::Decode(_) => RetryClass::Permanent,
        }
    }

    /// The root cause, in one word.
    pub fn cause(&self) -> String {
        match self {
            Self::Repository(error) => error.cause(),
            Self::Decode(_) => "decode".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error, io};

    use super::*;

    #[test]
    fn errors_of_sqlx_fall_on_their_side() {
        let broken = || sqlx::Error::Io(io::Error::from(io::ErrorKind::BrokenPipe));
        for error in [broken(), sqlx::Error::PoolTimedOut, sqlx::Error::PoolClosed] {
            assert!(is_transient(&error), "{error}");
        }
        for error in [sqlx::Error::RowNotFound, sqlx::Error::ColumnNotFound("x".into())] {
            assert!(!is_transient(&error), "{error}");
        }
        let error = storage("load events")(broken());
        assert_eq!(error.kind(), RetryClass::Retryable);
        assert_eq!(error.cause(), "io");
        // The cause is kept, so that callers can match on it.
        assert!(error.source().and_then(|source| source.downcast_ref::<sqlx::Error>()).is_some());
    }

    #[test]
    fn kinds_are_as_agreed() {
        let id = || "a".to_owned();
        let retryable = [
            RepositoryError::ConcurrentWrite { id: id(), expected: 1, actual: 2 },
            RepositoryError::NotFound { id: id() },
            RepositoryError::Lock { id: id(), source: LockError::Busy },
            RepositoryError::Lock { id: id(), source: LockError::Expired },
            RepositoryError::Injected(Injected("x")),
        ];
        for error in retryable {
            assert_eq!(error.kind(), RetryClass::Retryable, "{error}");
        }
        let permanent = [
            RepositoryError::Model(ModelError::AlreadyOpen),
            RepositoryError::Replay {
                id: id(),
                sequence: 1,
                event: "x".into(),
                source: DecodeError::UnknownEvent("x".into()),
            },
            RepositoryError::Gap { id: id(), expected: 1, found: 2 },
            RepositoryError::InvalidState { message: id(), worker: id(), attempt: 1 },
            RepositoryError::InvalidStreamIdentity { id: id() },
            RepositoryError::DuplicateCommand { id: id() },
            RepositoryError::Lock { id: id(), source: LockError::Poisoned },
            storage("decode")(sqlx::Error::RowNotFound),
        ];
        for error in permanent {
            assert_eq!(error.kind(), RetryClass::Permanent, "{error}");
            let handler = HandlerError::from(error);
            assert_eq!(handler.transport_error_kind(), RetryClass::Permanent, "{handler}");
        }
    }
}
