//! Starts a program: connects to the database, and migrates it to the schema of this release.

pub(crate) use chaosdrill_kit::start::{connect, wait};
use chaosdrill_kit::{sql::for_sqlite, start};
use chaosdrill_rt::sql::Pool;
use sqlx::migrate::Migrator;

use crate::BoxError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

/// Connects and migrates; retries while the database is unavailable or another program migrates it.
pub(crate) async fn open(url: &str) -> Result<Pool, BoxError> {
    let pool = connect(url).await?;
    let migrations = for_sqlite(&pool, &SQLITE)?;
    start::migrate(|| pool.migrate(migrations)).await?;
    Ok(pool)
}
