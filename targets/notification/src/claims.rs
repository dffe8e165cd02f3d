//! Claims: a server sends a notification under an exclusive claim, and settles it unless another claim has followed.

use chaosdrill_rt::{
    defect, observe,
    sql::Pool,
    time::{self, Duration},
};
use sqlx::{Row, any::AnyRow};

use crate::{
    BoxError,
    error::{NotificationError, storage},
    listing::Candidate,
    schedule,
    sql::{self, Sql},
};

/// The notifications, as one server claims and settles them.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    pool: Pool,
    sql: &'static Sql,
    server: String,
    lease: Duration,
    attempts_max: i64,
}

/// A claimed notification. The claim counts the attempt, so the attempts stay within the budget however this one ends.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) id: String,
    /// The number of claims so far, across requeues; with the server's name it is the fence.
    pub(crate) attempt: i64,
    pub(crate) kind: String,
    pub(crate) channel: String,
    pub(crate) recipient: String,
    pub(crate) message: String,
    failed_before: i64,
}

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    /// A notifier has accepted it.
    Sent,
    /// No notifier has accepted it.
    Failed(&'a str),
    /// No notifier can ever accept it.
    Undeliverable(&'a str),
}

impl Claims {
    pub(crate) fn new(
        pool: Pool,
        server: String,
        lease: Duration,
        attempts_max: i64,
    ) -> Result<Self, BoxError> {
        let sql = sql::of(&pool)?;
        Ok(Self { pool, sql, server, lease, attempts_max })
    }

    /// Claims a notification; `None` if it has changed since it was listed.
    pub(crate) async fn claim(
        &self,
        candidate: &Candidate,
    ) -> Result<Option<Claim>, NotificationError> {
        let failed = storage("claim a notification");
        let now = time::unix_ms();
        let lease_ms = i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX);
        let claim = defect!("N14", sql::WRONG.notifications_claim, self.sql.notifications_claim);
        let row = sqlx::query(claim)
            .bind(self.server.clone())
            .bind(now.saturating_add(lease_ms))
            .bind(candidate.id.clone())
            .bind(candidate.attempts)
            .bind(defect!("N68", i64::MAX, now))
            .fetch_optional(&self.pool)
            .await
            .map_err(&failed)?;
        row.map(|row| claimed(candidate, &row)).transpose().map_err(&failed)
    }

    /// Records the outcome of an attempt. Returns whether the claim was still this server's.
    pub(crate) async fn settle(
        &self,
        claim: &Claim,
        outcome: Outcome<'_>,
    ) -> Result<bool, NotificationError> {
        self.show_settling(&claim.id, claim.attempt);
        let now = time::unix_ms();
        let query = sqlx::query(self.statement(outcome))
            .bind(now)
            .bind(claim.id.clone())
            .bind(claim.attempt)
            .bind(self.server.clone());
        let query = match outcome {
            Outcome::Sent => query,
            Outcome::Failed(why) => {
                let (status, due) = self.after_failure(claim.failed_before, now);
                query.bind(status).bind(defect!("N2", None, due)).bind(stored(why))
            }
            Outcome::Undeliverable(why) => query.bind(stored(why)),
        };
        let settled = query.execute(&self.pool).await.map_err(storage("settle a notification"))?;
        let is_settled = settled.rows_affected() == 1;
        if !is_settled {
            observe!(
                "delivery.settle_refused",
                notification = claim.id,
                attempt = claim.attempt,
                server = self.server
            );
        }
        Ok(is_settled)
    }

    /// Counts an attempt as failed if its claim has lapsed without an outcome.
    pub(crate) async fn reap(&self, lapsed: &Candidate) -> Result<(), NotificationError> {
        self.show_settling(&lapsed.id, lapsed.attempts);
        let now = time::unix_ms();
        let (status, due) = self.after_failure(lapsed.retry_count, now);
        let reap = defect!("N13", sql::WRONG.notifications_reap, self.sql.notifications_reap);
        let reaped = sqlx::query(reap)
            .bind(lapsed.id.clone())
            .bind(lapsed.attempts)
            .bind(status)
            .bind(now)
            .bind(due)
            .bind(format!("nobody said how attempt {} ended", lapsed.attempts))
            .execute(&self.pool)
            .await
            .map_err(storage("take back a notification"))?;
        if reaped.rows_affected() == 1 {
            let (id, attempt) = (&lapsed.id, lapsed.attempts);
            observe!("claim.reaped", notification = id, attempt = attempt, status = status);
        }
        Ok(())
    }

    /// Reports which attempt is about to be settled, or taken back.
    fn show_settling(&self, id: &str, attempt: i64) {
        observe!("claim.settling", notification = id, attempt = attempt, server = self.server);
    }

    /// The status of a notification after one more failure, and the time at which it is due again.
    fn after_failure(&self, failed_before: i64, now: i64) -> (&'static str, Option<i64>) {
        match schedule::due_at(failed_before, self.attempts_max, now) {
            Some(due) => ("failed", Some(due)),
            None => ("dead", defect!("N4", Some(now + schedule::wait_ms(failed_before)), None)),
        }
    }

    fn statement(&self, outcome: Outcome<'_>) -> &'static str {
        let sql = self.sql;
        match outcome {
            Outcome::Sent => {
                let sent =
                    defect!("N6", sql::WRONG.notifications_sent_fresh, sql.notifications_sent);
                let sent = defect!("N58", sql::WRONG.notifications_sent_late, sent);
                defect!("N12", sql::WRONG.notifications_sent, sent)
            }
            Outcome::Failed(_) => {
                let failed = sql.notifications_failed;
                let failed = defect!("N12", sql::WRONG.notifications_failed, failed);
                let failed = defect!("N59", sql::WRONG.notifications_failed_late, failed);
                let failed = defect!("N21", sql::WRONG.notifications_failed_zero, failed);
                defect!("N23", sql::WRONG.notifications_failed_uncounted, failed)
            }
            Outcome::Undeliverable(_) => {
                let undeliverable = sql.notifications_undeliverable;
                let undeliverable =
                    defect!("N60", sql::WRONG.notifications_undeliverable_late, undeliverable);
                defect!("N12", sql::WRONG.notifications_undeliverable, undeliverable)
            }
        }
    }
}

fn claimed(candidate: &Candidate, row: &AnyRow) -> Result<Claim, sqlx::Error> {
    Ok(Claim {
        id: candidate.id.clone(),
        attempt: row.try_get("attempts")?,
        kind: row.try_get("type")?,
        channel: row.try_get("channel")?,
        recipient: row.try_get("recipient")?,
        message: row.try_get("message")?,
        failed_before: row.try_get("retry_count")?,
    })
}

/// The error as it is stored: whole, so that an operator does not have to look for the rest in the log of a server.
fn stored(why: &str) -> Option<String> {
    let whole = Some(why.to_owned());
    let whole = defect!("N26", Some(why.chars().take(1000).collect()), whole);
    defect!("N27", None, whole)
}
