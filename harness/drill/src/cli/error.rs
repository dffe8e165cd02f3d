//! The one error of the command line, and what each end means for the exit code.

use crate::{campaign::kept::PlanFileError, crew::WorkerLost, files::FolderError};

/// How a command ended that could do its work; the worst of several wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Valid,
    Interrupted,
    NothingSelected,
    Unknown,
    Violation,
    Nondeterminism,
    HarnessFault,
}

impl Status {
    /// The exit code; part of the contract, others script against it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Interrupted => 130,
            Self::Violation => 1,
            Self::Unknown => 3,
            Self::NothingSelected => 4,
            Self::Nondeterminism => 5,
            Self::HarnessFault => 70,
        }
    }
}

impl From<chaosdrill_core::Verdict> for Status {
    fn from(verdict: chaosdrill_core::Verdict) -> Self {
        match verdict {
            chaosdrill_core::Verdict::Valid => Self::Valid,
            chaosdrill_core::Verdict::Unknown => Self::Unknown,
            chaosdrill_core::Verdict::Invalid => Self::Violation,
        }
    }
}

/// Why a command could not do its work: one message that says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExpectedError {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("nothing selected: no scenario's name contains `{filter}`{hint}")]
    NothingSelected { filter: String, hint: String },
    #[error("the harness itself failed: {0}")]
    Harness(String),
    #[error("{0}")]
    Unwritten(String),
    #[error(transparent)]
    WorkerLost(#[from] WorkerLost),
}

impl ExpectedError {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Plan(_) | Self::Folder(_) => 2,
            Self::NothingSelected { .. } => Status::NothingSelected.code(),
            Self::Harness(_) => Status::HarnessFault.code(),
            Self::WorkerLost(_) | Self::Unwritten(_) => Status::Unknown.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_end_wins_in_the_order_of_the_contract() {
        let order = [
            Status::HarnessFault,
            Status::Nondeterminism,
            Status::Violation,
            Status::Unknown,
            Status::NothingSelected,
            Status::Interrupted,
            Status::Valid,
        ];
        assert!(order.is_sorted_by(|a, b| a > b));
        assert_eq!(order.map(Status::code), [70, 5, 1, 3, 4, 130, 0]);
    }
}
