//! State transitions of resources, each with its charge and its audit in one transaction.

use chaosdrill_rt::{
    defect, observe,
    sql::{Connection, Transaction},
    time,
};

use crate::{
    audit,
    error::{ProvisionError, storage},
    resource::{Resource, Status},
    store::Store,
};

/// The stage in which a resource failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The backend did not create the object.
    Create,
    /// The object could not be stored.
    Finalize,
    /// The resource was left pending.
    Reconcile,
}

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Finalize => "finalize",
            Self::Reconcile => "reconcile",
        }
    }

    /// The stage of that name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Create, Self::Finalize, Self::Reconcile].into_iter().find(|it| it.name() == name)
    }

    /// The audit kind of a failure in this stage.
    pub(crate) fn audit(self) -> audit::Kind {
        match self {
            Self::Create => audit::Kind::BackendFailed,
            Self::Finalize => audit::Kind::PersistenceFailed,
            Self::Reconcile => audit::Kind::ReconcileAbandoned,
        }
    }
}

/// The details of a failure.
#[derive(Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) stage: Stage,
    pub(crate) why: &'a str,
    /// Whether the reconciler rolls it back, after its handler or instead of it.
    pub(crate) by_reconciler: bool,
    /// Why the object may still exist.
    pub(crate) leak: Option<&'a str>,
}

impl Store {
    /// Marks a pending resource as failed: row, leak and refund in one transaction, for the reconciler also the audit.
    /// Returns whether the caller still held the row.
    pub(crate) async fn fail(
        &self,
        resource: &Resource,
        failure: &Failure<'_>,
    ) -> Result<bool, ProvisionError> {
        let failed = storage("settle a failure");
        let mut tx = self.pool.begin("fail").await.map_err(&failed)?;
        let changed = sqlx::query(self.sql.resources_fail)
            .bind(failure.stage.name())
            .bind(failure.why.to_owned())
            .bind(if failure.by_reconciler { "reconciler" } else { "handler" })
            .bind(resource.id.clone())
            .bind(resource.holder.clone())
            .execute(&mut *tx)
            .await
            .map_err(&failed)?;
        if !self.has_won(resource, changed.rows_affected()) {
            return Ok(false);
        }
        defect!(
            "R17b",
            if failure.by_reconciler {
                tx.commit().await.map_err(&failed)?;
                tx = self.pool.begin("fail_rest").await.map_err(&failed)?;
            },
            ()
        );
        if let Some(why) = failure.leak {
            self.leak_on(&mut tx, resource, why).await?;
        }
        if failure.by_reconciler {
            audit::append(&mut tx, self.sql, failure.stage.audit(), resource).await?;
        }
        self.refund(&mut tx, resource).await.map_err(&failed)?;
        tx.commit().await.map_err(&failed)?;
        Ok(true)
    }

    /// Whether this program made the change: if it changed no row, no further effect may follow.
    fn has_won(&self, resource: &Resource, rows: u64) -> bool {
        if rows == 0 {
            observe!("settle.lost", resource = resource.id, program = self.program);
        }
        rows == 1 || defect!("R17", self.program.starts_with("reconciler"), false)
    }

    /// Takes over an abandoned resource to roll it back. Returns its row as it is now; `None` if it was not to be had.
    pub(crate) async fn take(
        &self,
        resource: &Resource,
        lapsed_by: i64,
    ) -> Result<Option<Resource>, ProvisionError> {
        let failed = storage("take a resource over");
        let holder = self.new_holder();
        let taken = sqlx::query(self.sql.resources_take)
            .bind(self.until())
            .bind(holder.clone())
            .bind(resource.id.clone())
            .bind(resource.holder.clone())
            .bind(lapsed_by)
            .fetch_optional(&self.pool)
            .await
            .map_err(&failed)?;
        let taken = taken.map(|row| Resource::read(&row)).transpose().map_err(&failed)?;
        let has_won = self.has_won(resource, u64::from(taken.is_some()));
        Ok(defect!("R17", taken.or(Some(Resource { holder, ..resource.clone() })), taken)
            .filter(|_| has_won))
    }

    /// Activates a complete resource on behalf of its holder. Returns whether it succeeded.
    pub(crate) async fn promote(
        &self,
        resource: &Resource,
        provider: Option<String>,
        lapsed_by: i64,
    ) -> Result<bool, ProvisionError> {
        let failed = storage("finish a resource");
        let mut tx = self.pool.begin("promote").await.map_err(&failed)?;
        let changed = sqlx::query(self.sql.resources_promote)
            .bind(defect!("R57", None, provider.clone()))
            .bind(resource.id.clone())
            .bind(resource.holder.clone())
            .bind(lapsed_by)
            .execute(&mut *tx)
            .await
            .map_err(&failed)?;
        if !self.has_won(resource, changed.rows_affected()) {
            return Ok(false);
        }
        let mut recovered = resource.clone();
        recovered.provider_resource_id = recovered.provider_resource_id.or(provider);
        audit::append(&mut tx, self.sql, audit::Kind::ReconcileRecovered, &recovered).await?;
        tx.commit().await.map_err(&failed)?;
        Ok(true)
    }

    /// Holds an active resource, and refunds its charge. Returns whether it was active.
    pub(crate) async fn hold(
        &self,
        resource: &Resource,
        status: Status,
    ) -> Result<bool, ProvisionError> {
        let (failed, hold) = (storage("hold a resource"), self.sql.resources_hold);
        let mut tx = self.pool.begin("hold").await.map_err(&failed)?;
        let has_changed = self.turn(&mut tx, hold, resource, status).await.map_err(&failed)?;
        tx.commit().await.map_err(&failed)?;
        Ok(has_changed)
    }

    /// Ends a resource: it waits for its deletion, and then becomes `close_as`.
    pub(crate) async fn close(
        &self,
        resource: &Resource,
        close_as: Status,
    ) -> Result<bool, ProvisionError> {
        let (failed, close) = (storage("close a resource"), self.sql.resources_close);
        let mut tx = self.pool.begin("close").await.map_err(&failed)?;
        let has_changed = self.turn(&mut tx, close, resource, close_as).await.map_err(&failed)?;
        tx.commit().await.map_err(&failed)?;
        Ok(has_changed)
    }

    async fn turn(
        &self,
        tx: &mut Transaction,
        statement: &'static str,
        resource: &Resource,
        status: Status,
    ) -> Result<bool, sqlx::Error> {
        let changed = sqlx::query(statement)
            .bind(status.name())
            .bind(resource.id.clone())
            .execute(&mut **tx)
            .await?;
        let is_refunded =
            defect!("R62", !matches!(status, Status::Paused | Status::Suspended), true);
        if changed.rows_affected() == 1 && is_refunded {
            self.refund(tx, resource).await?;
        }
        Ok(changed.rows_affected() == 1)
    }

    /// Records the deletion of an ended resource.
    pub(crate) async fn finish(&self, resource: &Resource) -> Result<(), ProvisionError> {
        sqlx::query(self.sql.reaper_finish)
            .bind(resource.id.clone())
            .execute(&self.pool)
            .await
            .map_err(storage("note that a resource is taken down"))?;
        Ok(())
    }

    /// Refunds the charge of a resource, once, however often it is called.
    async fn refund(
        &self,
        connection: &mut Connection,
        resource: &Resource,
    ) -> Result<(), sqlx::Error> {
        let keyed = sqlx::query(self.sql.quota_key)
            .bind(resource.id.clone())
            .bind(resource.team.clone())
            .bind(time::unix_ms())
            .execute(&mut *connection)
            .await?;
        if keyed.rows_affected() == 1 || defect!("R17", true, false) {
            sqlx::query(self.sql.quota_refund)
                .bind(resource.team.clone())
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    /// Records an object that should be deleted but may still exist.
    pub(crate) async fn leak(&self, resource: &Resource, why: &str) -> Result<(), ProvisionError> {
        let mut connection = self.pool.acquire().await.map_err(storage("note a leak"))?;
        self.leak_on(&mut connection, resource, why).await
    }

    async fn leak_on(
        &self,
        connection: &mut Connection,
        resource: &Resource,
        why: &str,
    ) -> Result<(), ProvisionError> {
        defect!("R20b", return Ok(()), ());
        sqlx::query(self.sql.leaks_record)
            .bind(resource.id.clone())
            .bind(resource.resource_type.name())
            .bind(why.to_owned())
            .bind(time::unix_ms())
            .execute(connection)
            .await
            .map_err(storage("note a leak"))?;
        Ok(())
    }
}
