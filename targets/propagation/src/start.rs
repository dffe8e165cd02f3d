//! The start of a program: a database that is there, with the schema of this release.

use chaosdrill_rt::{
    observe,
    sql::{Dialect, Pool},
    time::{self, Duration},
};
use sqlx::migrate::{MigrateError, Migrator};

use crate::{BoxError, error::chain, sql::UnsupportedDialect};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

/// Connects and migrates; waits for a database that is away, and gives way to others who migrate at the same time.
pub(crate) async fn open(url: &str) -> Result<Pool, BoxError> {
    let pool = connect(url).await?;
    let migrations = match pool.dialect() {
        Dialect::Sqlite => &SQLITE,
        other @ Dialect::Postgres => return Err(UnsupportedDialect(other).into()),
    };
    let mut failures = 0;
    loop {
        match pool.migrate(migrations).await {
            Ok(()) => return Ok(pool),
            // Whatever the database refuses may be the work of another program that starts just now: once that one
            // is done, there is nothing left to do. A schema that does not fit this release will never fit.
            Err(error @ (MigrateError::Execute(_) | MigrateError::ExecuteMigration(..))) => {
                failures += 1;
                wait("migrate", failures, &error).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Connects; waits for a database that is away.
pub(crate) async fn connect(url: &str) -> Result<Pool, BoxError> {
    let mut failures = 0;
    loop {
        match Pool::connect(url).await {
            Ok(pool) => return Ok(pool),
            Err(error @ sqlx::Error::Configuration(_)) => return Err(error.into()),
            Err(error) => {
                failures += 1;
                wait("connect", failures, &error).await;
            }
        }
    }
}

/// Says what went wrong, and waits: from one second to thirty.
pub(crate) async fn wait(step: &str, failures: u32, error: &(dyn std::error::Error + Sync)) {
    observe!("start.failed", step = step, failures = failures, error = chain(error));
    let doublings = failures.saturating_sub(1).min(5);
    time::sleep(Duration::from_secs(1 << doublings).min(Duration::from_secs(30))).await;
}
