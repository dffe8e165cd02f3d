//! Starts a program: connects to its database and migrates it, with retries while the database is unavailable.

use std::error::Error;

use chaosdrill_rt::{observe, sql::Pool, time};
use sqlx::migrate::MigrateError;

use crate::{Backoff, chain};

/// Formats an error.
pub type Describe = fn(&(dyn Error + 'static)) -> String;

/// Connects; retries while the database is unavailable.
///
/// # Errors
///
/// `sqlx::Error::Configuration`: the URL is wrong, and no retry helps.
pub async fn connect(url: &str) -> Result<Pool, sqlx::Error> {
    connect_with(url, chain).await
}

/// As [`connect`], with errors formatted by `describe`.
///
/// # Errors
///
/// As [`connect`].
pub async fn connect_with(url: &str, describe: Describe) -> Result<Pool, sqlx::Error> {
    let mut failures = 0;
    loop {
        match Pool::connect(url).await {
            Ok(pool) => return Ok(pool),
            Err(error @ sqlx::Error::Configuration(_)) => return Err(error),
            Err(error) => {
                failures += 1;
                wait_with("connect", failures, &error, describe).await;
            }
        }
    }
}

/// Migrates; retries while the database is unavailable or another program migrates it.
///
/// # Errors
///
/// If the schema does not fit this release: no retry helps.
pub async fn migrate<F>(attempt: impl Fn() -> F) -> Result<(), MigrateError>
where
    F: Future<Output = Result<(), MigrateError>>,
{
    let mut failures = 0;
    loop {
        match attempt().await {
            Ok(()) => return Ok(()),
            // The database may refuse because another program is starting and migrates it, too. Once that program is
            // done, no migration is left to apply.
            Err(error @ (MigrateError::Execute(_) | MigrateError::ExecuteMigration(..))) => {
                failures += 1;
                wait("migrate", failures, &error).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Reports the failure of a step, and waits 1 s to 30 s before the next attempt.
pub async fn wait(step: &str, failures: u32, error: &(dyn Error + Sync + 'static)) {
    wait_with(step, failures, error, chain).await;
}

/// As [`wait`], with the error formatted by `describe`.
pub async fn wait_with(
    step: &str,
    failures: u32,
    error: &(dyn Error + Sync + 'static),
    describe: Describe,
) {
    observe!("start.failed", step = step, failures = failures, error = describe(error));
    time::sleep(Backoff::default().after(failures)).await;
}
