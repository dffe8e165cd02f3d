//! Starts a program: connects to the database, and migrates it to the schema of its release.

use std::sync::LazyLock;

pub(crate) use chaosdrill_kit::start::{connect, wait};
use chaosdrill_kit::{
    sql::{for_sqlite, migrator},
    start,
};
use chaosdrill_rt::sql::Pool;
use sqlx::migrate::Migrator;

use crate::{BoxError, release::Release, sql::Sql};

/// The migrations, the oldest first.
const FILES: [(&str, &str); 5] = [
    ("0001_propagation.sql", include_str!("../migrations/sqlite/0001_propagation.sql")),
    ("0002_jobs.sql", include_str!("../migrations/sqlite/0002_jobs.sql")),
    ("0003_turns.sql", include_str!("../migrations/sqlite/0003_turns.sql")),
    ("0004_kinds.sql", include_str!("../migrations/sqlite/0004_kinds.sql")),
    ("0005_trial_end.sql", include_str!("../migrations/sqlite/0005_trial_end.sql")),
];

static PREVIOUS: LazyLock<Migrator> = LazyLock::new(|| migrations(Release::Previous));
static CURRENT: LazyLock<Migrator> = LazyLock::new(|| migrations(Release::Current));

/// The migrations that a release knows. A newer release may have applied more.
fn migrations(release: Release) -> Migrator {
    let known = usize::try_from(release.schema()).unwrap_or_default();
    let mut migrator = migrator(&FILES[..known]);
    migrator.set_ignore_missing(true);
    migrator
}

/// Connects and migrates; retries while the database is unavailable or another program migrates it.
pub(crate) async fn open(url: &str, release: Release) -> Result<Pool, BoxError> {
    let pool = connect(url).await?;
    let sqlite = match release {
        Release::Previous => &PREVIOUS,
        Release::Current => &CURRENT,
    };
    let migrations = for_sqlite(&pool, sqlite)?;
    start::migrate(|| pool.migrate(migrations)).await?;
    Ok(pool)
}

/// Reads the kinds that the migrations of a release declare; retries while the database is unavailable.
pub(crate) async fn declared(pool: &Pool, sql: &Sql, release: Release) -> Vec<String> {
    let mut failures = 0;
    loop {
        let kinds = sqlx::query_scalar::<_, String>(sql.kinds_declared).bind(release.schema());
        match kinds.fetch_all(pool).await {
            Ok(kinds) => return kinds,
            Err(error) => {
                failures += 1;
                wait("read the kinds", failures, &error).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_is_listed() {
        let files = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
        let files = std::fs::read_dir(files).expect("there are migrations").count();
        assert_eq!(FILES.len(), files);
        assert_eq!(CURRENT.iter().count(), files);
    }
}
