//! Runs sqlx's migrator on a simulated connection; each step is a boundary, and executes what sqlx would on SQLite.

use std::time::Duration;

use chaosdrill_core::{
    request::sql::{Call, Part, Statement, Value},
    trace::vocabulary::site as sites,
};
use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, Migrator};

use super::connection::{PooledConnection, parts};

/// Does what [`Migrator::undo`] does, which accepts only sqlx's own connections.
pub(crate) async fn undo(
    migrator: &Migrator,
    target: i64,
    connection: &mut PooledConnection,
) -> Result<(), MigrateError> {
    let table = &*migrator.table_name;
    if migrator.locking {
        connection.lock().await?;
    }
    connection.ensure_migrations_table(table).await?;
    if let Some(version) = connection.dirty_version(table).await? {
        return Err(MigrateError::Dirty(version));
    }
    let applied = connection.list_applied_migrations(table).await?;
    let is_applied = |version: i64| applied.iter().any(|applied| applied.version == version);
    let missing = applied.iter().find(|applied| !migrator.version_exists(applied.version));
    if let Some(missing) = missing.filter(|_| !migrator.ignore_missing) {
        return Err(MigrateError::VersionMissing(missing.version));
    }
    for migration in migrator.iter().rev() {
        let is_down = migration.migration_type.is_down_migration();
        if is_down && migration.version > target && is_applied(migration.version) {
            connection.revert(table, migration).await?;
        }
    }
    if migrator.locking {
        connection.unlock().await?;
    }
    Ok(())
}

/// A statement without arguments.
fn plain(sql: impl Into<String>) -> Statement {
    Statement { sql: sql.into(), arguments: None }
}

/// The entry of a migration that was applied.
fn entry(table: &str, migration: &Migration) -> Statement {
    let sql = format!(
        "INSERT INTO {table} (version, description, success, checksum, execution_time) \
         VALUES (?1, ?2, TRUE, ?3, 0)"
    );
    let arguments = vec![
        Value::BigInt(migration.version),
        Value::Text(migration.description.to_string()),
        Value::Blob(migration.checksum.to_vec()),
    ];
    Statement { sql, arguments: Some(arguments) }
}

impl PooledConnection {
    /// Runs one step of the migrator, and returns the rows of its last statement.
    async fn migration_step(
        &mut self,
        step: &str,
        statements: Vec<Statement>,
        is_atomic: bool,
    ) -> Result<Vec<Vec<Value>>, MigrateError> {
        let site = sites::statement(&format!("migrate.{step}"));
        let call = Call::Migrate { connection: self.id, site, statements, is_atomic };
        let parts: Vec<Part> = parts(self.take(call).await?)?;
        Ok(parts.into_iter().flat_map(|part| part.rows).collect())
    }

    /// Runs a migration, with the statement that notes it.
    async fn migration(
        &mut self,
        step: &str,
        migration: &Migration,
        note: Statement,
    ) -> Result<(), MigrateError> {
        let step = format!("{step}.{}", migration.version);
        let script = plain(migration.sql.as_str());
        self.migration_step(&step, vec![script, note], !migration.no_tx).await.map(drop)
    }
}

impl Migrate for PooledConnection {
    fn create_schema_if_not_exists<'e>(
        &'e mut self,
        schema_name: &'e str,
    ) -> BoxFuture<'e, Result<(), MigrateError>> {
        let ask = plain(format!("PRAGMA {schema_name}.schema_version"));
        async move {
            let found = self.migration_step("schema", vec![ask], false).await?;
            match found.is_empty() {
                false => Ok(()),
                true => Err(MigrateError::CreateSchemasNotSupported(format!(
                    "SQLite cannot create the schema {schema_name}: schemas are attached files"
                ))),
            }
        }
        .boxed()
    }

    fn ensure_migrations_table<'e>(
        &'e mut self,
        table_name: &'e str,
    ) -> BoxFuture<'e, Result<(), MigrateError>> {
        let create = plain(format!(
            "CREATE TABLE IF NOT EXISTS {table_name} (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
)"
        ));
        async move { self.migration_step("table", vec![create], false).await.map(drop) }.boxed()
    }

    fn dirty_version<'e>(
        &'e mut self,
        table_name: &'e str,
    ) -> BoxFuture<'e, Result<Option<i64>, MigrateError>> {
        let ask = plain(format!(
            "SELECT version FROM {table_name} WHERE success = false ORDER BY version LIMIT 1"
        ));
        async move {
            let found = self.migration_step("dirty", vec![ask], false).await?;
            Ok(found.into_iter().find_map(|row| match row.as_slice() {
                [Value::BigInt(version)] => Some(*version),
                _ => None,
            }))
        }
        .boxed()
    }

    fn list_applied_migrations<'e>(
        &'e mut self,
        table_name: &'e str,
    ) -> BoxFuture<'e, Result<Vec<AppliedMigration>, MigrateError>> {
        let ask = plain(format!("SELECT version, checksum FROM {table_name} ORDER BY version"));
        async move {
            let found = self.migration_step("list", vec![ask], false).await?;
            let applied = found.into_iter().filter_map(|row| match row.as_slice() {
                [Value::BigInt(version), Value::Blob(checksum)] => {
                    let checksum = checksum.clone().into();
                    Some(AppliedMigration { version: *version, checksum })
                }
                _ => None,
            });
            Ok(applied.collect())
        }
        .boxed()
    }

    fn lock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        // On SQLite, sqlx locks nothing.
        async move { self.migration_step("lock", Vec::new(), false).await.map(drop) }.boxed()
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        async move { self.migration_step("unlock", Vec::new(), false).await.map(drop) }.boxed()
    }

    fn apply<'e>(
        &'e mut self,
        table_name: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        let note = entry(table_name, migration);
        async move {
            self.migration("apply", migration, note).await?;
            Ok(Duration::ZERO)
        }
        .boxed()
    }

    fn revert<'e>(
        &'e mut self,
        table_name: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        let sql = format!("DELETE FROM {table_name} WHERE version = ?1");
        let note = Statement { sql, arguments: Some(vec![Value::BigInt(migration.version)]) };
        async move {
            self.migration("revert", migration, note).await?;
            Ok(Duration::ZERO)
        }
        .boxed()
    }

    fn skip<'e>(
        &'e mut self,
        table_name: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<(), MigrateError>> {
        let note = entry(table_name, migration);
        let step = format!("skip.{}", migration.version);
        async move { self.migration_step(&step, vec![note], false).await.map(drop) }.boxed()
    }
}
