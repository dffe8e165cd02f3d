//! The error type of the command line: one message that says what to do, and its exit code.

use crate::{
    campaign::kept::PlanFileError, campaign_dir::FolderError, other_build::OtherBuildError,
    self_test::SelfTestError, simulation::NoEngine, status::Status, workers::WorkerLost,
};

/// Why a command failed: one message that says what to do.
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
    OtherBuild(#[from] OtherBuildError),
    #[error("no scenario selected: none has a name that contains `{filter}`{hint}")]
    NothingSelected { filter: String, hint: String },
    #[error(
        "no planted bug selected: no planted bug and no target is named `{filter}`{hint}; `{program} list defects` lists all of them"
    )]
    NoDefectSelected { filter: String, hint: String, program: String },
    #[error(
        "no script selected: no script must find `{filter}`, and none of a target or scenario of this name must find a planted bug{hint}; `{program} list promises --page` lists all of them"
    )]
    NoScriptSelected { filter: String, hint: String, program: String },
    #[error("there is nothing to list: this program registers no {0}")]
    NothingToList(&'static str),
    #[error("promises, scenarios and planted bugs of this program do not agree:\n{0}")]
    Inconsistent(String),
    #[error("the harness itself failed: {0}")]
    Harness(String),
    #[error("{0}")]
    Unwritten(String),
    #[error(transparent)]
    WorkerLost(#[from] WorkerLost),
}

impl From<SelfTestError> for ExpectedError {
    fn from(why: SelfTestError) -> Self {
        match why {
            SelfTestError::Dead(_) => Self::Harness(why.to_string()),
            SelfTestError::WorkerLost(lost) => Self::WorkerLost(lost),
        }
    }
}

impl ExpectedError {
    pub(crate) fn exit_code(&self) -> u8 {
        let status = match self {
            Self::Harness(_) | Self::OtherBuild(OtherBuildError::NoPath(_)) => Status::HarnessFault,
            Self::Usage(_)
            | Self::Plan(_)
            | Self::Folder(_)
            | Self::NoEngine(_)
            | Self::Inconsistent(_)
            | Self::OtherBuild(_) => Status::Usage,
            Self::NothingSelected { .. }
            | Self::NoDefectSelected { .. }
            | Self::NoScriptSelected { .. }
            | Self::NothingToList(_) => Status::NothingSelected,
            Self::WorkerLost(_) | Self::Unwritten(_) => Status::Unknown,
        };
        status.code()
    }
}
