//! The store of resource rows. A step changes a row only if it is pending, not doomed, and still held by the caller.

use chaosdrill_rt::{
    defect, rng,
    sql::{Connection, Pool},
    time::{self, Duration},
};
use sqlx::Row;

use crate::{
    audit,
    error::{ProvisionError, storage},
    resource::{Resource, ResourceType, Status},
    sql::Sql,
    wire::Ask,
};

mod forwards;
mod settle;
mod turns;

pub(crate) use settle::{Failure, Stage};
pub(crate) use turns::{AUDITS, LEAKS, TEARDOWNS};

/// The store, as one program sees it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: Pool,
    pub(crate) sql: &'static Sql,
    /// The name of the program in leases.
    program: String,
    lease: Duration,
}

/// The outcome of a request for a resource.
#[derive(Debug)]
pub(crate) enum Begun {
    /// A row was created, and the request holds it.
    Created(Resource),
    /// It was requested before.
    Existing(Resource),
    /// The team has reached its quota.
    OverQuota,
}

impl Store {
    pub(crate) fn new(pool: Pool, sql: &'static Sql, program: &str, lease: Duration) -> Self {
        Self { pool, sql, program: program.to_owned(), lease }
    }

    /// A new holder name, unique to one piece of work on any host.
    pub(crate) fn new_holder(&self) -> String {
        format!("{}/{:016x}", self.program, rng::u64())
    }

    fn until(&self) -> i64 {
        time::unix_ms().saturating_add(millis(self.lease))
    }

    /// Creates a row for a request and charges it, unless the request has a row that has not failed.
    pub(crate) async fn begin(
        &self,
        of: ResourceType,
        ask: &Ask,
        quota: i64,
    ) -> Result<Begun, ProvisionError> {
        let failed = storage("begin");
        let mut tx = self.pool.begin("provision").await.map_err(&failed)?;
        let latest = self.latest_on(&mut tx, &ask.request_id).await?;
        let attempts = match latest {
            Some(row) if row.status != Status::Failed => return Ok(Begun::Existing(row)),
            Some(row) => row.attempt,
            None => 0,
        };
        // Nobody pays for a resource without a team.
        if !ask.team.is_empty() {
            let charged = sqlx::query(self.sql.quota_charge)
                .bind(ask.team.clone())
                .bind(defect!("R61", quota + 1, quota))
                .fetch_optional(&mut *tx)
                .await
                .map_err(&failed)?;
            if charged.is_none() {
                defect!(
                    "R37",
                    {
                        self.insert(&mut tx, of, ask, attempts + 1).await.map_err(&failed)?;
                        tx.commit().await.map_err(&failed)?;
                    },
                    ()
                );
                return Ok(Begun::OverQuota);
            }
        }
        let row = self.insert(&mut tx, of, ask, attempts + 1).await.map_err(&failed)?;
        let committed = tx.commit().await;
        defect!("R38", Ok::<_, sqlx::Error>(()), committed).map_err(&failed)?;
        Ok(Begun::Created(row))
    }

    async fn insert(
        &self,
        connection: &mut Connection,
        of: ResourceType,
        ask: &Ask,
        attempt: i64,
    ) -> Result<Resource, sqlx::Error> {
        let now = time::unix_ms();
        let id = name_of(&ask.request_id, attempt);
        sqlx::query(self.sql.resources_insert)
            .bind(id.clone())
            .bind(ask.request_id.clone())
            .bind(attempt)
            .bind(ask.team.clone())
            .bind(of.name())
            .bind(defect!("R40", String::new(), ask.tier.clone()))
            .bind(ask.env.clone())
            .bind(ask.log_prefix.clone())
            .bind(defect!("R7", Status::Active, Status::Pending).name())
            .bind(self.new_holder())
            .bind(self.until())
            .bind(now)
            .bind(ask.ttl_ms.map(|ttl| ends_at(now, ttl)))
            .execute(&mut *connection)
            .await?;
        let row = sqlx::query(self.sql.resources_look).bind(id).fetch_one(connection);
        Resource::read(&row.await?)
    }

    /// The last attempt of a request.
    pub(crate) async fn latest(&self, request: &str) -> Result<Option<Resource>, ProvisionError> {
        let mut connection = self.pool.acquire().await.map_err(storage("look for a request"))?;
        self.latest_on(&mut connection, request).await
    }

    async fn latest_on(
        &self,
        connection: &mut Connection,
        request: &str,
    ) -> Result<Option<Resource>, ProvisionError> {
        let failed = storage("look for a request");
        let row = sqlx::query(self.sql.resources_latest)
            .bind(request.to_owned())
            .fetch_optional(connection)
            .await
            .map_err(&failed)?;
        row.map(|row| Resource::read(&row)).transpose().map_err(&failed)
    }

    /// The current row of a resource.
    pub(crate) async fn look(&self, id: &str) -> Result<Option<Resource>, ProvisionError> {
        let failed = storage("look at a resource");
        let row = sqlx::query(self.sql.resources_look)
            .bind(id.to_owned())
            .fetch_optional(&self.pool)
            .await
            .map_err(&failed)?;
        row.map(|row| Resource::read(&row)).transpose().map_err(&failed)
    }

    /// Stores part of a pending resource.
    ///
    /// # Errors
    ///
    /// [`ProvisionError::NotPending`] if it is no longer pending under this holder.
    pub(crate) async fn step(
        &self,
        statement: &'static str,
        resource: &Resource,
        value: Option<&str>,
    ) -> Result<(), ProvisionError> {
        let stored = sqlx::query(statement)
            .bind(value.map(str::to_owned))
            .bind(resource.id.clone())
            .bind(resource.holder.clone())
            .execute(&self.pool)
            .await
            .map_err(storage("store a step"))?;
        if stored.rows_affected() == 1 { Ok(()) } else { Err(ProvisionError::NotPending) }
    }

    /// Extends the lease of a pending resource. Returns whether the caller still held it.
    pub(crate) async fn beat(&self, resource: &Resource) -> Result<bool, ProvisionError> {
        let held = sqlx::query(self.sql.resources_heartbeat)
            .bind(self.until())
            .bind(resource.id.clone())
            .bind(resource.holder.clone())
            .execute(&self.pool)
            .await
            .map_err(storage("hold a resource"))?;
        Ok(held.rows_affected() == 1)
    }

    /// Dooms a pending resource: it can no longer become active. The row keeps why, and the id at the provider, for
    /// whoever rolls it back. Returns whether the caller still held it.
    pub(crate) async fn doom(
        &self,
        resource: &Resource,
        stage: Stage,
        why: &str,
    ) -> Result<bool, ProvisionError> {
        let doomed = sqlx::query(self.sql.resources_doom)
            .bind(stage.name())
            .bind(why.to_owned())
            .bind(self.until())
            .bind(defect!("R24b", None, resource.provider_resource_id.clone()))
            .bind(resource.id.clone())
            .bind(resource.holder.clone())
            .execute(&self.pool)
            .await
            .map_err(storage("doom a resource"))?;
        Ok(doomed.rows_affected() == 1)
    }

    /// Writes an audit in a transaction of its own.
    pub(crate) async fn audit(
        &self,
        kind: audit::Kind,
        resource: &Resource,
    ) -> Result<(), ProvisionError> {
        let mut connection = self.pool.acquire().await.map_err(storage("write an audit"))?;
        audit::append(&mut connection, self.sql, kind, resource).await
    }

    /// The resources that a statement selects, with instants and a batch size as parameters.
    pub(crate) async fn rows(
        &self,
        statement: &'static str,
        numbers: &[i64],
    ) -> Result<Vec<Resource>, ProvisionError> {
        let failed = storage("read resources");
        let query =
            numbers.iter().fold(sqlx::query(statement), |query, number| query.bind(*number));
        let rows = query.fetch_all(&self.pool).await.map_err(&failed)?;
        rows.iter().map(Resource::read).collect::<Result<_, _>>().map_err(&failed)
    }

    /// Records that the reconciler looked at a resource and could not decide.
    pub(crate) async fn stamp(&self, resource: &Resource) -> Result<(), ProvisionError> {
        sqlx::query(self.sql.reconcile_stamp)
            .bind(time::unix_ms())
            .bind(resource.id.clone())
            .execute(&self.pool)
            .await
            .map_err(storage("stamp a resource"))?;
        Ok(())
    }

    /// The tokens of all objects that belong, or may belong, to a resource.
    pub(crate) async fn living(&self) -> Result<Vec<String>, ProvisionError> {
        let failed = storage("read the living");
        let statement = defect!("R18", crate::sql::WRONG.sweep_live, self.sql.sweep_live);
        let rows = sqlx::query(statement).fetch_all(&self.pool).await.map_err(&failed)?;
        rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(&failed)
    }

    /// A batch of leaks that are still open: token and type.
    pub(crate) async fn leaks(&self, batch: u32) -> Result<Vec<(String, String)>, ProvisionError> {
        let failed = storage("read the leaks");
        let rows = sqlx::query(self.sql.leaks_open)
            .bind(i64::from(batch))
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        let leak = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(leak).collect::<Result<_, _>>().map_err(&failed)
    }

    /// Records an attempt to stop a leak, and whether it succeeded.
    pub(crate) async fn leak_tried(
        &self,
        token: &str,
        is_cleared: bool,
    ) -> Result<(), ProvisionError> {
        sqlx::query(self.sql.leaks_tried)
            .bind(is_cleared.then(time::unix_ms))
            .bind(token.to_owned())
            .execute(&self.pool)
            .await
            .map_err(storage("note a leak"))?;
        Ok(())
    }
}

/// The name of a request's attempt, in plain characters whatever bytes the request contains.
fn name_of(request: &str, attempt: i64) -> String {
    let hash = blake3::hash(format!("{attempt} {request}").as_bytes());
    format!("r{}", &hash.to_hex()[..16])
}

/// When the life of a resource ends that is made now.
fn ends_at(now_ms: i64, ttl_ms: i64) -> i64 {
    let end = now_ms.saturating_add(ttl_ms);
    defect!("R58", end + 60_000 - end % 60_000, end)
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
