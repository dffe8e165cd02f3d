//! Leases of propagation rows: which worker may hold a row, and for how long.
//!
//! A lease ends at a time of the database's clock; the same clock decides when a row is due. A holder measures its own
//! time by a timer that began before the lease was requested, so that it ends before the lease does.

use chaosdrill_rt::{
    defect, observe,
    sql::{Connection, Pool},
    time::{Duration, Instant},
};
use serde_json::json;
use sqlx::{Row as _, any::AnyRow};

use crate::{
    error::{PipelineError, storage},
    sql::Sql,
};

/// The rows, as one worker sees them.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) pool: Pool,
    pub(crate) sql: &'static Sql,
    pub(crate) worker: String,
    pub(crate) lease: Duration,
    pub(crate) batch: u32,
}

/// A leased row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) team: String,
    /// Dispatches that failed so far.
    pub(crate) attempts: i64,
    /// Dispatches that began so far.
    pub(crate) picks: i64,
    pub(crate) created_at: i64,
}

/// Rows that were picked together.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Identifies the holder: one execution of one job.
    pub(crate) claim: String,
    pub(crate) rows: Vec<Row>,
}

/// The current time for the holder of rows: the database's clock, unless a planted bug is enabled.
pub(crate) async fn now(connection: &mut Connection) -> Result<i64, PipelineError> {
    let now = connection.unix_ms().await.map_err(storage("ask for the time"))?;
    Ok(defect!("P31", chaosdrill_rt::time::unix_ms(), now))
}

impl Store {
    /// Picks due rows, and leases them. Usually no row is due, and one query is enough.
    pub(crate) async fn pick(
        &self,
        claim: String,
        moment_ms: i64,
    ) -> Result<Option<Batch>, PipelineError> {
        let failed = storage("pick rows");
        let seen = {
            let mut connection = self.pool.acquire().await.map_err(&failed)?;
            self.due(self.sql.propagation_due, moment_ms, &mut connection).await?
        };
        if seen.is_empty() {
            return Ok(None);
        }
        let mut tx = self.pool.begin("pick").await.map_err(&failed)?;
        let due_ms = tx.unix_ms().await.map_err(&failed)?;
        // What was seen before this transaction may be somebody else's by now.
        let rows =
            defect!("P11", seen, self.due(self.sql.propagation_pick, due_ms, &mut tx).await?);
        let until = self.lease_until(now(&mut tx).await?);
        for row in &rows {
            sqlx::query(self.sql.propagation_lease)
                .bind(row.id.clone())
                .bind(until)
                .bind(self.worker.clone())
                .bind(claim.clone())
                .execute(&mut *tx)
                .await
                .map_err(storage("lease a row"))?;
        }
        tx.commit().await.map_err(storage("commit the pick"))?;
        for row in &rows {
            observe!("runner.picked", propagation = row.id, claim = claim, kind = row.kind);
        }
        Ok(Some(Batch { claim, rows }))
    }

    async fn due(
        &self,
        due: &'static str,
        now_ms: i64,
        connection: &mut Connection,
    ) -> Result<Vec<Row>, PipelineError> {
        let failed = storage("look for rows");
        let rows = sqlx::query(due)
            .bind(now_ms)
            .bind(defect!("P53", i64::MAX, i64::from(self.batch)))
            .fetch_all(connection)
            .await
            .map_err(&failed)?;
        rows.iter().map(Row::read).collect::<Result<_, _>>().map_err(failed)
    }

    fn lease_until(&self, now_ms: i64) -> i64 {
        let lease = i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX);
        defect!("P12", now_ms, now_ms.saturating_add(lease))
    }

    /// Records that the dispatch of a row begins, and renews its lease and those of the rows after it. A row that was
    /// left behind unsettled becomes due when its own lease ends. Returns the instant until which the row is certainly
    /// held; `None` if it is no longer held.
    pub(crate) async fn begin(
        &self,
        batch: &Batch,
        row: &Row,
        left: &[Row],
    ) -> Result<Option<Instant>, PipelineError> {
        let failed = storage("begin a dispatch");
        let deadline = Instant::now() + self.lease;
        let ids: Vec<&str> = [row].into_iter().chain(left).map(|row| row.id.as_str()).collect();
        let mut connection = self.pool.acquire().await.map_err(&failed)?;
        let until = self.lease_until(now(&mut connection).await?);
        let held = sqlx::query_scalar::<_, String>(self.sql.propagation_begin)
            .bind(row.id.clone())
            .bind(batch.claim.clone())
            .bind(until)
            .bind(defect!("P29", 0_i64, 1_i64))
            .bind(json!(ids).to_string())
            .fetch_all(&mut connection)
            .await
            .map_err(failed)?;
        Ok(held.contains(&row.id).then_some(deadline))
    }

    /// Releases the rest of a batch: its rows are due at once.
    pub(crate) async fn release(&self, batch: &Batch) -> Result<(), PipelineError> {
        let failed = storage("give rows back");
        let mut connection = self.pool.acquire().await.map_err(&failed)?;
        let now = now(&mut connection).await?;
        sqlx::query(self.sql.propagation_release)
            .bind(batch.claim.clone())
            .bind(now)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        observe!("runner.released", claim = batch.claim);
        Ok(())
    }
}

impl Row {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            team: row.try_get("team_id")?,
            attempts: row.try_get("attempts")?,
            picks: row.try_get("picks")?,
            created_at: row.try_get("created_at")?,
        })
    }
}
