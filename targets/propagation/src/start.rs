//! Starts a program: connects to the database, and migrates it to the schema of this release.

use std::sync::LazyLock;

pub(crate) use chaosdrill_kit::start::{connect, wait};
use chaosdrill_kit::{
    sql::{for_sqlite, migrator},
    start,
};
use chaosdrill_rt::sql::Pool;
use sqlx::migrate::Migrator;

use crate::BoxError;

static SQLITE: LazyLock<Migrator> = LazyLock::new(|| {
    migrator(&[
        ("0001_propagation.sql", include_str!("../migrations/sqlite/0001_propagation.sql")),
        ("0002_jobs.sql", include_str!("../migrations/sqlite/0002_jobs.sql")),
        ("0003_turns.sql", include_str!("../migrations/sqlite/0003_turns.sql")),
    ])
});

/// Connects and migrates; retries while the database is unavailable or another program migrates it.
pub(crate) async fn open(url: &str) -> Result<Pool, BoxError> {
    let pool = connect(url).await?;
    let migrations = for_sqlite(&pool, &SQLITE)?;
    start::migrate(|| pool.migrate(migrations)).await?;
    Ok(pool)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_migration_is_listed() {
        let files = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
        let files = std::fs::read_dir(files).expect("there are migrations").count();
        assert_eq!(super::SQLITE.iter().count(), files);
    }
}
