//! The schema: migrates up and down. Each migration may run on a schema that already has it.

use std::sync::LazyLock;

use chaosdrill_kit::sql::{for_sqlite, migrator};
use chaosdrill_rt::{defect, sql::Pool};
use sqlx::migrate::{MigrateError, Migrator};

static SQLITE: LazyLock<Migrator> = LazyLock::new(|| {
    migrator(&[
        (
            "0001_notifications.down.sql",
            include_str!("../migrations/sqlite/0001_notifications.down.sql"),
        ),
        (
            "0001_notifications.up.sql",
            include_str!("../migrations/sqlite/0001_notifications.up.sql"),
        ),
        ("0002_retries.down.sql", include_str!("../migrations/sqlite/0002_retries.down.sql")),
        ("0002_retries.up.sql", include_str!("../migrations/sqlite/0002_retries.up.sql")),
    ])
});

/// Migrates the schema up to this release; does nothing if it is up to date.
///
/// # Errors
///
/// Fails with the migrator's error. A refused statement may be due to a concurrent migration by another program.
pub async fn up(pool: &Pool) -> Result<(), MigrateError> {
    let all = migrations(pool)?;
    #[cfg(feature = "defects")]
    let all = &wrong_migrations(all);
    pool.migrate(all).await
}

/// Migrates the schema up to `version` only, as a release does that has no newer migrations. Fails if the schema is
/// newer: such a release cannot start on it.
///
/// # Errors
///
/// The same as for [`up`].
pub async fn up_to(pool: &Pool, version: i64) -> Result<(), MigrateError> {
    let known = migrations(pool)?.iter().filter(|migration| migration.version <= version);
    pool.migrate(&Migrator::with_migrations(known.cloned().collect())).await
}

/// Reverts all migrations above `version`; 0 reverts everything, and drops every notification.
///
/// # Errors
///
/// The same as for [`up`].
pub async fn down(pool: &Pool, version: i64) -> Result<(), MigrateError> {
    let all = migrations(pool)?;
    #[cfg(feature = "defects")]
    let all = &wrong_migrations(all);
    pool.undo(all, defect!("N46", version + 1, version)).await
}

fn migrations(pool: &Pool) -> Result<&'static Migrator, MigrateError> {
    for_sqlite(pool, &*SQLITE).map_err(|error| MigrateError::Source(error.into()))
}

/// The migrations, as the planted bugs of the schema change them.
#[cfg(feature = "defects")]
fn wrong_migrations(all: &Migrator) -> Migrator {
    use sqlx::{AssertSqlSafe, SqlSafeStr, migrate::Migration};

    let copy = |migration: &Migration| {
        let (version, name) = (migration.version, migration.description.clone());
        let sql = AssertSqlSafe(wrong_text(migration.sql.as_str())).into_sql_str();
        Migration::new(version, name, migration.migration_type, sql, migration.no_tx)
    };
    Migrator::with_migrations(all.iter().map(copy).collect())
}

/// The text of a migration, as a planted bug of the schema changes it, if one is enabled.
#[cfg(feature = "defects")]
fn wrong_text(sql: &str) -> String {
    let is_up = sql.contains("CREATE INDEX idx_notification_events_retry_sweep");
    let is_down = sql.contains("DROP INDEX IF EXISTS idx_notification_events_retry_sweep");
    let columns = "created_at BIGINT NOT NULL,\n    sent_at BIGINT";
    let claims =
        "CREATE INDEX idx_notification_events_claims ON notification_events (claimed_until);";
    let rows = "FROM notification_events;";
    let predicate = "\n    WHERE status = 'failed' AND next_retry_at IS NOT NULL";
    let adds =
        "ALTER TABLE notification_events ADD COLUMN retry_count BIGINT NOT NULL DEFAULT 0;\n";
    let sql = defect!("N18", sql.replace(predicate, ""), sql.to_owned());
    let sql = defect!(
        "N18b",
        sql.replace("retry_count BIGINT NOT NULL DEFAULT 0", "retry_count BIGINT"),
        sql
    );
    let sql = defect!("N18c", if is_down { "SELECT 1".to_owned() } else { sql }, sql);
    let sql = defect!("N18d", if is_up { format!("{adds}{sql}") } else { sql }, sql);
    let own = "(SELECT retry_count FROM notification_events AS own WHERE own.id = old.id)";
    let sql = defect!("N33", sql.replace(own, "old.retry_count"), sql);
    let sql = defect!(
        "N34",
        sql.replace("WHEN status = 'sending'", "WHEN status IN ('sending', 'dead')"),
        sql
    );
    let sql = defect!("N35", sql.replace("WHERE attempts > 0;", "WHERE attempts < 0;"), sql);
    let sql = defect!(
        "N36",
        sql.replace(" own.id = old.id), created_at)", " own.id = old.id), NULL)"),
        sql
    );
    let sql = defect!("N56", sql.replace("\n    WHERE status = 'pending';", ";"), sql);
    let sql = defect!("N57", sql.replace("\n    WHERE status = 'sending';", ";"), sql);
    let left = format!("{columns},\n    claimed_by TEXT,\n    claimed_until BIGINT");
    let sql = defect!(
        "N66",
        if is_down { format!("{}\n{claims}", sql.replace(columns, &left)) } else { sql },
        sql
    );
    let given_up = rows.replace(';', " WHERE status <> 'undeliverable';");
    let sql = defect!("N70", sql.replace(rows, &given_up), sql);
    defect!("N37", sql.replace("WHEN status = 'sending' THEN 'pending'", "WHEN FALSE THEN ''"), sql)
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
