//! What can go wrong; none of it loses a job, because an unsettled claim runs out.

use std::io;

use chaosdrill_rt::{fail::Injected, time::Elapsed};
use sqlx::migrate::MigrateError;

/// Why a step of the pipeline failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database did not do what it was asked.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the migration failed: {0}")]
    Schema(#[from] MigrateError),
    /// The mailer could not be reached, or went away; nobody knows whether the mail was sent.
    #[error("the mailer was lost: {0}")]
    MailerLost(#[from] io::Error),
    /// The mailer took too long; nobody knows whether the mail was sent.
    #[error("the mailer took too long")]
    MailerLate(#[from] Elapsed),
    /// The mailer answered that it does not send this.
    #[error("the mailer answered with status {0}")]
    MailerRefused(u16),
    /// A drill ordered an error here.
    #[error(transparent)]
    Injected(#[from] Injected),
}
