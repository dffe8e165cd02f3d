//! The start of a program: connects to its database and migrates it, and waits while the database is away.

use std::error::Error;

use chaosdrill_rt::{observe, sql::Pool, time};
use sqlx::migrate::MigrateError;

use crate::{Backoff, chain};

/// How an error is put into words.
pub type Describe = fn(&(dyn Error + 'static)) -> String;

/// Connects. Retries while the database is away.
///
/// # Errors
///
/// `sqlx::Error::Configuration`: no retry helps against a wrong URL.
pub async fn connect(url: &str) -> Result<Pool, sqlx::Error> {
    connect_with(url, chain).await
}

/// As [`connect`], with errors in the words of `describe`.
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

/// Migrates. Retries while the database is away, and while another program migrates it.
///
/// # Errors
///
/// If the schema does not fit this release: it never will.
pub async fn migrate<F>(attempt: impl Fn() -> F) -> Result<(), MigrateError>
where
    F: Future<Output = Result<(), MigrateError>>,
{
    let mut failures = 0;
    loop {
        match attempt().await {
            Ok(()) => return Ok(()),
            // Whatever the database refuses may be the work of another program that starts just now: once that one
            // is done, there is nothing left to do.
            Err(error @ (MigrateError::Execute(_) | MigrateError::ExecuteMigration(..))) => {
                failures += 1;
                wait("migrate", failures, &error).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Reports the failure of a step, and waits before the next try: from one second to thirty.
pub async fn wait(step: &str, failures: u32, error: &(dyn Error + Sync + 'static)) {
    wait_with(step, failures, error, chain).await;
}

/// As [`wait`], with the error in the words of `describe`.
pub async fn wait_with(
    step: &str,
    failures: u32,
    error: &(dyn Error + Sync + 'static),
    describe: Describe,
) {
    observe!("start.failed", step = step, failures = failures, error = describe(error));
    time::sleep(Backoff::default().after(failures)).await;
}
