//! Runs sqlx's migrator on a simulated connection; each step is a boundary.

use std::time::Duration;

use chaosdrill_core::trace::vocabulary::site as sites;
use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use serde_json::Value;
use sqlx::{
    AnyConnection,
    migrate::{AppliedMigration, Migrate, MigrateError, Migration, Migrator},
};

use super::{connection::PooledConnection, round_trip::round_trip};
use crate::sim::{database, inline::inline, inspector};

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

impl PooledConnection {
    /// Runs one step of the migrator as a boundary.
    async fn migration_step<T>(
        &mut self,
        step: &str,
        mut operation: impl FnMut(&mut AnyConnection) -> Result<T, MigrateError>,
    ) -> Result<T, MigrateError> {
        let handle = self.handle;
        inspector::forget_schema(&self.shared.database.key);
        // A boundary handles only `sqlx::Error`; the migrator's own errors are kept aside.
        let mut refusal = None;
        let result = round_trip(
            &self.shared,
            &sites::statement(&format!("migrate.{step}")),
            Value::Null,
            Some(handle),
            || match database::run(handle, &mut operation) {
                None => Err(self.shared.reset()),
                Some(Ok(output)) => Ok(Some(output)),
                Some(Err(
                    MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
                )) => Err(error),
                Some(Err(other)) => {
                    refusal = Some(other);
                    Ok(None)
                }
            },
            |_| Value::Null,
        )
        .await;
        match (result, refusal) {
            (_, Some(refusal)) => Err(refusal),
            (Ok(Some(output)), None) => Ok(output),
            (Ok(None), None) => unreachable!("an operation without output was refused"),
            (Err(error), None) => Err(MigrateError::Execute(error)),
        }
    }
}

impl Migrate for PooledConnection {
    fn create_schema_if_not_exists<'e>(
        &'e mut self,
        schema_name: &'e str,
    ) -> BoxFuture<'e, Result<(), MigrateError>> {
        let step = move |connection: &mut AnyConnection| {
            inline(connection.create_schema_if_not_exists(schema_name))
        };
        self.migration_step("schema", step).boxed()
    }

    fn ensure_migrations_table<'e>(
        &'e mut self,
        table_name: &'e str,
    ) -> BoxFuture<'e, Result<(), MigrateError>> {
        let step = move |connection: &mut AnyConnection| {
            inline(connection.ensure_migrations_table(table_name))
        };
        self.migration_step("table", step).boxed()
    }

    fn dirty_version<'e>(
        &'e mut self,
        table_name: &'e str,
    ) -> BoxFuture<'e, Result<Option<i64>, MigrateError>> {
        let step =
            move |connection: &mut AnyConnection| inline(connection.dirty_version(table_name));
        self.migration_step("dirty", step).boxed()
    }

    fn list_applied_migrations<'e>(
        &'e mut self,
        table_name: &'e str,
    ) -> BoxFuture<'e, Result<Vec<AppliedMigration>, MigrateError>> {
        let step = move |connection: &mut AnyConnection| {
            inline(connection.list_applied_migrations(table_name))
        };
        self.migration_step("list", step).boxed()
    }

    fn lock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        self.migration_step("lock", |connection| inline(connection.lock())).boxed()
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        self.migration_step("unlock", |connection| inline(connection.unlock())).boxed()
    }

    fn apply<'e>(
        &'e mut self,
        table_name: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        let step =
            move |connection: &mut AnyConnection| inline(connection.apply(table_name, migration));
        async move { self.migration_step(&format!("apply.{}", migration.version), step).await }
            .boxed()
    }

    fn revert<'e>(
        &'e mut self,
        table_name: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        let step =
            move |connection: &mut AnyConnection| inline(connection.revert(table_name, migration));
        async move { self.migration_step(&format!("revert.{}", migration.version), step).await }
            .boxed()
    }

    fn skip<'e>(
        &'e mut self,
        table_name: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<(), MigrateError>> {
        let step =
            move |connection: &mut AnyConnection| inline(connection.skip(table_name, migration));
        async move { self.migration_step(&format!("skip.{}", migration.version), step).await }
            .boxed()
    }
}
