//! The errors of the pipeline. None of them loses a job, because an unsettled claim expires.

use std::io;

use chaosdrill_rt::{fail::Injected, time::Elapsed};
use sqlx::migrate::MigrateError;

/// Why a step of the pipeline failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A request to the database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be migrated.
    #[error("the migration failed: {0}")]
    Schema(#[from] MigrateError),
    /// The mailer was unreachable, or the connection broke; it is unknown whether the mail was sent.
    #[error("the mailer was lost: {0}")]
    MailerLost(#[from] io::Error),
    /// The mailer took too long; it is unknown whether the mail was sent.
    #[error("the mailer took too long")]
    MailerLate(#[from] Elapsed),
    /// The mailer refused the mail.
    #[error("the mailer answered with status {0}")]
    MailerRefused(u16),
    /// A drill injected an error here.
    #[error(transparent)]
    Injected(#[from] Injected),
}
