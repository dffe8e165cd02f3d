//! The one error of the command line: one message that says what to do, and the exit code that goes with it.

use crate::{
    campaign::kept::PlanFileError, canary::CanaryError, crew::WorkerLost, files::FolderError,
    sibling::OtherProgramError, simulation::NoEngine, status::Status,
};

/// Why a command could not do its work: one message that says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExpectedError {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    NoEngine(#[from] NoEngine),
    #[error(transparent)]
    OtherProgram(#[from] OtherProgramError),
    #[error("nothing selected: no scenario's name contains `{filter}`{hint}")]
    NothingSelected { filter: String, hint: String },
    #[error("the harness itself failed: {0}")]
    Harness(String),
    #[error("{0}")]
    Unwritten(String),
    #[error(transparent)]
    WorkerLost(#[from] WorkerLost),
}

impl From<CanaryError> for ExpectedError {
    fn from(why: CanaryError) -> Self {
        match why {
            CanaryError::Dead(_) => Self::Harness(why.to_string()),
            CanaryError::WorkerLost(lost) => Self::WorkerLost(lost),
        }
    }
}

impl ExpectedError {
    pub(crate) fn exit_code(&self) -> u8 {
        let status = match self {
            Self::Harness(_) | Self::OtherProgram(OtherProgramError::NoPath(_)) => {
                Status::HarnessFault
            }
            Self::Usage(_)
            | Self::Plan(_)
            | Self::Folder(_)
            | Self::NoEngine(_)
            | Self::OtherProgram(_) => Status::Usage,
            Self::NothingSelected { .. } => Status::NothingSelected,
            Self::WorkerLost(_) | Self::Unwritten(_) => Status::Unknown,
        };
        status.code()
    }
}
