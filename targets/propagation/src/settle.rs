//! Settles rows after their dispatch: stores the row, its audit and its counters in one transaction, and only for the
//! holder of the row.

use std::future::Future;

use chaosdrill_kit::chain;
use chaosdrill_rt::{
    defect, observe,
    sql::Connection,
    time::{self, Duration},
};
use serde_json::{Value, json};

use crate::{
    dispatch::{DispatchError, Done},
    error::{PipelineError, storage},
    kinds,
    release::{Release, UNKNOWN_KIND},
    schedule, skips,
    store::{Batch, Row, Store, now},
};

/// Maximum attempts to write to the database while its errors are transient.
const TRIES_MAX: u32 = 4;

/// Time limit for all attempts together. Nothing else bounds them: a program that shuts down still stores its results.
const SETTLE_MAX: Duration = Duration::from_secs(30);

/// The wait between two attempts.
const REST: Duration = Duration::from_secs(1);

/// Settles the rows of one worker.
#[derive(Clone, Debug)]
pub(crate) struct Settler {
    pub(crate) store: Store,
    pub(crate) release: Release,
    /// A row is given up after this many failed dispatches.
    pub(crate) attempts_max: i64,
}

/// The outcome of a row.
#[derive(Clone, Copy, Debug)]
enum Outcome<'a> {
    Applied { done: &'a [Done] },
    Retry { error: &'a DispatchError },
    DeadLetter { error: &'a DispatchError, reason: &'static str },
}

/// Whether the row was still held under the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Settled {
    Stored,
    Refused,
}

impl Settler {
    /// Settles a row after its dispatch has succeeded or failed.
    pub(crate) async fn settle(
        &self,
        batch: &Batch,
        row: &Row,
        dispatched: Result<Vec<Done>, DispatchError>,
    ) -> Result<(), PipelineError> {
        let error = match dispatched {
            Ok(done) => match self.store(batch, row, Outcome::Applied { done: &done }).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_transient() => return Err(error),
                // The database will never accept it: this is a failure like others, with the same maximum of attempts.
                Err(error) => DispatchError::Unsaved(chain(&error)),
            },
            Err(error) => error,
        };
        let outcome = self.outcome_of(row, &error);
        self.store(batch, row, outcome).await.map(drop)
    }

    fn outcome_of<'a>(&self, row: &Row, error: &'a DispatchError) -> Outcome<'a> {
        let is_last = defect!(
            "P18",
            row.attempts >= self.attempts_max,
            row.attempts + 1 >= self.attempts_max
        );
        let (is_last, reason) = match error {
            DispatchError::UnknownKind(_) => {
                let is_last = defect!("P4", false, defect!("P5", true, is_last));
                (is_last, defect!("P32", "max_attempts", UNKNOWN_KIND))
            }
            DispatchError::Unsaved(_) => (defect!("P15", false, is_last), "max_attempts"),
            DispatchError::Poison(_) => (true, "max_picks"),
            _ => (is_last, "max_attempts"),
        };
        if is_last { Outcome::DeadLetter { error, reason } } else { Outcome::Retry { error } }
    }

    /// Stores an outcome, and reports it.
    async fn store(
        &self,
        batch: &Batch,
        row: &Row,
        outcome: Outcome<'_>,
    ) -> Result<Settled, PipelineError> {
        let say = |what: &str| {
            let (id, claim, outcome) = (&row.id, &batch.claim, outcome.name());
            observe!(what, propagation = id, claim = claim, outcome = outcome);
        };
        say("runner.settling");
        match patiently(|| self.store_once(batch, row, outcome)).await {
            Ok(settled) => {
                let is_stored = settled == Settled::Stored;
                say(if is_stored { "runner.settled" } else { "runner.settle_refused" });
                Ok(settled)
            }
            Err(error) => {
                say("runner.settle_failed");
                Err(error)
            }
        }
    }

    /// Releases the rest of a batch.
    pub(crate) async fn give_back(&self, batch: &Batch) -> Result<(), PipelineError> {
        let released = patiently(|| self.store.release(batch)).await;
        if let Err(error) = &released {
            observe!("runner.release_failed", claim = batch.claim, error = chain(error));
        }
        released
    }

    async fn store_once(
        &self,
        batch: &Batch,
        row: &Row,
        outcome: Outcome<'_>,
    ) -> Result<Settled, PipelineError> {
        let mut tx = self.store.pool.begin("settle").await.map_err(storage("begin to settle"))?;
        let now = now(&mut tx).await?;
        if !self.settle_row(&mut tx, batch, row, outcome, now).await? {
            return Ok(Settled::Refused);
        }
        if let Outcome::Applied { done } = outcome {
            self.remember(&mut tx, done).await?;
        }
        self.count(&mut tx, row, outcome).await?;
        defect!("P16", (), self.audit(&mut tx, row, outcome, now).await?);
        tx.commit().await.map_err(storage("commit the settling"))?;
        defect!(
            "P16",
            if let Ok(mut connection) = self.store.pool.acquire().await {
                let _ = self.audit(&mut connection, row, outcome, now).await;
            },
            ()
        );
        Ok(Settled::Stored)
    }

    /// Returns whether the row was held under the claim.
    async fn settle_row(
        &self,
        connection: &mut Connection,
        batch: &Batch,
        row: &Row,
        outcome: Outcome<'_>,
        now: i64,
    ) -> Result<bool, PipelineError> {
        let sql = self.store.sql;
        // Each settles a row only for its holder, and only while it is open.
        let statement = match outcome {
            Outcome::Applied { .. } => {
                let apply =
                    defect!("P20b", crate::sql::UNFENCED.propagation_apply, sql.propagation_apply);
                defect!("P20", crate::sql::WRONG.propagation_apply, apply)
            }
            Outcome::Retry { .. } => {
                let retry =
                    defect!("P20b", crate::sql::UNFENCED.propagation_retry, sql.propagation_retry);
                defect!("P20", crate::sql::WRONG.propagation_retry, retry)
            }
            Outcome::DeadLetter { .. } => {
                let fail =
                    defect!("P20b", crate::sql::UNFENCED.propagation_fail, sql.propagation_fail);
                defect!("P20", crate::sql::WRONG.propagation_fail, fail)
            }
        };
        let query = sqlx::query(statement).bind(row.id.clone()).bind(batch.claim.clone()).bind(now);
        let query = match outcome {
            Outcome::Applied { .. } => query,
            Outcome::Retry { error } => {
                let wait = schedule::wait_after(row.attempts).as_millis();
                let wait = i64::try_from(wait).unwrap_or(i64::MAX);
                query.bind(error.line()).bind(now.saturating_add(wait))
            }
            Outcome::DeadLetter { error, .. } => query.bind(error.line()).bind(error.attempts()),
        };
        let settled = query.execute(connection).await.map_err(storage("settle the row"))?;
        Ok(settled.rows_affected() == 1)
    }

    /// Records what the provisioner is known to have applied, for the reconciler.
    async fn remember(
        &self,
        connection: &mut Connection,
        done: &[Done],
    ) -> Result<(), PipelineError> {
        for done in done {
            sqlx::query(self.store.sql.resources_applied)
                .bind(done.token.clone())
                .bind(done.generation)
                .bind(done.conn_limit)
                .execute(&mut *connection)
                .await
                .map_err(storage("remember what was applied"))?;
        }
        Ok(())
    }

    async fn audit(
        &self,
        connection: &mut Connection,
        row: &Row,
        outcome: Outcome<'_>,
        now: i64,
    ) -> Result<(), PipelineError> {
        sqlx::query(self.store.sql.audit_append)
            .bind(row.id.clone())
            .bind(row.team.clone())
            .bind("propagation_runner")
            .bind(outcome.audit_kind())
            .bind(format!("{}: {}", row.id, outcome.name()))
            .bind(defect!("P45", json!({}), outcome.metadata(row, now)).to_string())
            .bind(now)
            .execute(connection)
            .await
            .map_err(storage("write the audit"))?;
        Ok(())
    }

    /// Increments the counters, with labels from fixed lists only.
    async fn count(
        &self,
        connection: &mut Connection,
        row: &Row,
        outcome: Outcome<'_>,
    ) -> Result<(), PipelineError> {
        let kind = self.release.kind_label(&row.kind);
        let error = match outcome {
            Outcome::Applied { .. } => return Ok(()),
            Outcome::Retry { error } => error,
            Outcome::DeadLetter { error, reason } => {
                let reason = defect!("P62", "max_attempts", reason);
                let is_counted = defect!("P7", reason != "max_attempts", true);
                if is_counted {
                    let labels = [("reason", reason), ("kind", kind)];
                    self.add(connection, "propagation_dead_lettered_total", &labels).await?;
                    observe!("metric.dead_lettered", reason = reason, kind = kind);
                }
                error
            }
        };
        if matches!(error, DispatchError::UnknownKind(_))
            && defect!("P43", outcome.name() == "failed", true)
        {
            self.add(connection, "propagation_unknown_kind_total", &[("kind", kind)]).await?;
            observe!("metric.unknown_kind", kind = kind);
        }
        for skip in error.skips().iter().take(defect!("P44", 1, usize::MAX)) {
            let resource_type = kinds::type_label(&skip.resource_type);
            let reason = skips::bucket(&skip.reason);
            let labels =
                [("kind", kind), ("resource_type", resource_type), ("skip_reason", reason)];
            self.add(connection, "propagation_unexpected_skip_total", &labels).await?;
            observe!(
                "metric.unexpected_skip",
                kind = kind,
                resource_type = resource_type,
                skip_reason = reason
            );
        }
        Ok(())
    }

    async fn add(
        &self,
        connection: &mut Connection,
        metric: &str,
        labels: &[(&str, &str)],
    ) -> Result<(), PipelineError> {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        sqlx::query(self.store.sql.counters_add)
            .bind(format!("{metric}{{{}}}", labels.join(",")))
            .bind(metric.to_owned())
            .execute(connection)
            .await
            .map_err(storage("count"))?;
        Ok(())
    }
}

/// Calls `write`, and retries it while the database's errors are transient.
async fn patiently<T, F>(mut write: impl FnMut() -> F) -> Result<T, PipelineError>
where
    F: Future<Output = Result<T, PipelineError>>,
{
    let until = time::Instant::now() + SETTLE_MAX;
    let mut tries = 1;
    loop {
        let error = match time::timeout_at(until, write()).await {
            Ok(Ok(written)) => return Ok(written),
            Ok(Err(error)) => error,
            Err(_) => storage("write in time")(sqlx::Error::PoolTimedOut),
        };
        let is_over = tries >= TRIES_MAX || time::Instant::now() + REST >= until;
        if is_over || !error.is_transient() {
            return Err(error);
        }
        tries += 1;
        time::sleep(REST).await;
    }
}

impl Outcome<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Retry { .. } => "retry",
            Self::DeadLetter { .. } => "failed",
        }
    }

    fn audit_kind(self) -> &'static str {
        match self {
            Self::Applied { .. } => "propagation.applied",
            Self::Retry { error: DispatchError::UnexpectedSkip(_) } => {
                defect!("P19", "propagation.retrying", "propagation.unexpected_skip")
            }
            Self::Retry { .. } => "propagation.retrying",
            Self::DeadLetter { reason: UNKNOWN_KIND, .. } => {
                "propagation.unknown_kind_dead_lettered"
            }
            Self::DeadLetter { .. } => "propagation.dead_lettered",
        }
    }

    fn metadata(self, row: &Row, now: i64) -> Value {
        let age_seconds = now.saturating_sub(row.created_at) / 1000;
        match self {
            Self::Applied { done } => {
                json!({ "resources": done.len(), "age_seconds": age_seconds })
            }
            Self::Retry { error } => {
                json!({ "attempts": row.attempts + error.attempts(), "error": error.line() })
            }
            Self::DeadLetter { error, reason } => json!({
                "attempts": row.attempts + error.attempts(),
                "age_seconds": age_seconds,
                "failure_reason": reason,
                "error": error.line(),
            }),
        }
    }
}
