//! The outbox: workers claim messages under a lease, and settle them while they hold the lease.

use chaosdrill_kit::Backoff;
use chaosdrill_rt::{
    defect, observe,
    sql::Pool,
    time::{self, Duration},
};
use serde::de::IgnoredAny;
use sqlx::{Row, any::AnyRow};

use crate::{
    BoxError,
    error::{RepositoryError, storage},
    event::{DecodeError, JSON},
    sql::{self, Sql},
    wire::Envelope,
};

/// The outbox, as one worker sees it.
#[derive(Clone, Debug)]
pub struct Outbox {
    pool: Pool,
    sql: &'static Sql,
    worker: String,
    lease: Duration,
    attempts_max: i64,
    backoff: Backoff,
}

/// A message that may be claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The id of the message.
    pub message: String,
    /// Whether another claim held the message, and its lease has expired.
    pub is_lapsed: bool,
    /// The number of claims so far.
    pub attempts: i64,
}

/// A claimed message.
#[derive(Debug)]
pub struct Claim {
    /// The id of the message.
    pub message: String,
    /// The number of the attempt.
    pub attempt: i64,
    /// When the lease ends, in milliseconds.
    pub until_ms: i64,
    /// The message, or why it cannot be decoded.
    pub envelope: Result<Envelope, DecodeError>,
}

/// How a claim ends.
#[derive(Clone, Copy, Debug)]
enum Outcome<'a> {
    Published,
    Released { available_at: i64, why: &'a str },
    Failed { why: &'a str },
}

impl Outbox {
    /// Creates an outbox on a database whose schema is up to date.
    ///
    /// # Errors
    ///
    /// If this release has no statements for the database.
    pub fn new(
        pool: Pool,
        worker: impl Into<String>,
        lease: Duration,
        attempts_max: u32,
        backoff: Backoff,
    ) -> Result<Self, BoxError> {
        let sql = sql::of(&pool)?;
        let attempts_max = i64::from(attempts_max.max(1));
        Ok(Self { pool, sql, worker: worker.into(), lease, attempts_max, backoff })
    }

    /// Returns the oldest messages that may be claimed. This one statement is all that an idle poll executes.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Storage`].
    pub async fn claimable(&self, limit: u32) -> Result<Vec<Candidate>, RepositoryError> {
        let failed = storage("look for messages");
        let now = time::unix_ms();
        let rows = sqlx::query(self.sql.outbox_claimable)
            .bind(defect!("O63", i64::MAX, now))
            .bind(lapsed_by(now))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        rows.iter().map(candidate).collect::<Result<_, _>>().map_err(&failed)
    }

    /// Whether a message has reached the maximum number of claims.
    pub fn is_exhausted(&self, attempts: i64) -> bool {
        let max = defect!("O17c", self.attempts_max - 1, self.attempts_max);
        defect!("O17", attempts > max, attempts >= max)
    }

    /// Claims a message for the length of a lease; `None` if another worker was faster.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Storage`].
    pub async fn claim(&self, candidate: &Candidate) -> Result<Option<Claim>, RepositoryError> {
        let failed = storage("claim a message");
        let now = time::unix_ms();
        let until_ms = now.saturating_add(millis(self.lease));
        let row = sqlx::query(self.sql.outbox_claim)
            .bind(defect!("O63", i64::MAX, now))
            .bind(lapsed_by(now))
            .bind(self.worker.clone())
            .bind(until_ms)
            .bind(defect!(
                "O5",
                i64::from(!candidate.is_lapsed),
                defect!("O65", i64::from(candidate.is_lapsed || candidate.attempts == 0), 1_i64)
            ))
            .bind(candidate.message.clone())
            .bind(candidate.attempts)
            .fetch_optional(&self.pool)
            .await
            .map_err(&failed)?;
        let Some(row) = row else { return Ok(None) };
        let message = candidate.message.clone();
        let attempt = row.try_get("attempts").map_err(&failed)?;
        observe!(
            "outbox.claimed",
            message = message,
            worker = self.worker,
            attempt = attempt,
            until = until_ms,
            lapsed = candidate.is_lapsed
        );
        let envelope = decode(&message, attempt, &row);
        Ok(Some(Claim { message, attempt, until_ms, envelope }))
    }

    /// Gives up a message whose attempts are exhausted, the last one by a holder that never settled it.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Storage`].
    pub async fn bury(&self, candidate: &Candidate) -> Result<(), RepositoryError> {
        let now = time::unix_ms();
        let why = format!("given up: none of {} attempts came to an end", candidate.attempts);
        let buried = sqlx::query(self.sql.outbox_bury)
            .bind(now)
            .bind(lapsed_by(now))
            .bind(now)
            .bind(why)
            .bind(candidate.message.clone())
            .bind(candidate.attempts)
            .execute(&self.pool)
            .await
            .map_err(storage("give up a message"))?;
        if buried.rows_affected() == 1 {
            let (message, attempts) = (&candidate.message, candidate.attempts);
            observe!("outbox.buried", message = message, worker = self.worker, attempts = attempts);
        }
        Ok(())
    }

    /// Marks the message as published.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::InvalidState`] if the claim no longer holds the message, and [`RepositoryError::Storage`].
    pub async fn complete(&self, claim: &Claim) -> Result<(), RepositoryError> {
        self.settle(claim, Outcome::Published).await
    }

    /// Records a failed attempt: the message is scheduled for the next one, or given up if this was the last.
    ///
    /// # Errors
    ///
    /// As [`Outbox::complete`].
    pub async fn record_failure(&self, claim: &Claim, why: &str) -> Result<(), RepositoryError> {
        if self.is_exhausted(claim.attempt) {
            return self.fail(claim, why).await;
        }
        let wait = self.backoff.after(u32::try_from(claim.attempt).unwrap_or(u32::MAX));
        let wait = defect!("O62", Duration::ZERO, wait);
        let available_at = time::unix_ms().saturating_add(millis(wait));
        self.settle(claim, Outcome::Released { available_at, why }).await
    }

    /// Gives up the message, even if attempts are left: it will never be accepted.
    ///
    /// # Errors
    ///
    /// As [`Outbox::complete`].
    pub async fn fail(&self, claim: &Claim, why: &str) -> Result<(), RepositoryError> {
        self.settle(claim, Outcome::Failed { why }).await
    }

    async fn settle(&self, claim: &Claim, outcome: Outcome<'_>) -> Result<(), RepositoryError> {
        let say = |what: &str| {
            observe!(
                what,
                message = claim.message,
                worker = self.worker,
                attempt = claim.attempt,
                outcome = outcome.name()
            );
        };
        say("outbox.settling");
        let query = sqlx::query(self.statement(outcome))
            .bind(time::unix_ms())
            .bind(claim.message.clone())
            .bind(self.worker.clone())
            .bind(claim.attempt);
        let query = match outcome {
            Outcome::Published => query,
            Outcome::Released { available_at, why } => {
                query.bind(available_at).bind(why.to_owned())
            }
            Outcome::Failed { why } => query.bind(why.to_owned()),
        };
        let settled = query.execute(&self.pool).await.map_err(storage("settle a message"))?;
        if settled.rows_affected() == 0 {
            say("outbox.settle_refused");
            return Err(RepositoryError::InvalidState {
                message: claim.message.clone(),
                worker: self.worker.clone(),
                attempt: claim.attempt,
            });
        }
        say("outbox.settled");
        Ok(())
    }

    /// Settles only a message that this worker holds.
    fn statement(&self, outcome: Outcome<'_>) -> &'static str {
        #[cfg(feature = "defects")]
        if let Some(wrong) = wrong_statement(outcome) {
            return wrong;
        }
        match outcome {
            Outcome::Published => self.sql.outbox_complete,
            Outcome::Released { .. } => self.sql.outbox_release,
            Outcome::Failed { .. } => self.sql.outbox_fail,
        }
    }
}

/// The statement by which a planted bug settles a message that the worker may not hold.
#[cfg(feature = "defects")]
fn wrong_statement(outcome: Outcome<'_>) -> Option<&'static str> {
    let is_release = matches!(outcome, Outcome::Released { .. });
    let wrong = defect!("O4", Some(&sql::WRONG), None)
        .or(defect!("O4b", is_release.then_some(&sql::WRONG), None))
        .or(defect!("O49", Some(&sql::WRONG_ATTEMPT), None))
        .or(defect!("O50", Some(&sql::WRONG_LEASE), None))
        .or(defect!("O51", Some(&sql::WRONG_HOLDER), None))?;
    Some(match outcome {
        Outcome::Published => wrong.outbox_complete,
        Outcome::Released { .. } => wrong.outbox_release,
        Outcome::Failed { .. } => wrong.outbox_fail,
    })
}

impl Outcome<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Released { .. } => "released",
            Self::Failed { .. } => "failed",
        }
    }
}

/// A lease that ends at or before this time may be taken over.
fn lapsed_by(now_ms: i64) -> i64 {
    defect!("O2", now_ms / 1000, defect!("O3", i64::MAX, now_ms))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn candidate(row: &AnyRow) -> Result<Candidate, sqlx::Error> {
    let status: String = row.try_get("status")?;
    Ok(Candidate {
        message: row.try_get("message_id")?,
        is_lapsed: status == "in_flight",
        attempts: row.try_get("attempts")?,
    })
}

fn decode(message: &str, attempt: i64, row: &AnyRow) -> Result<Envelope, DecodeError> {
    let envelope = read(message, attempt, row).map_err(DecodeError::Column)?;
    if envelope.codec != JSON {
        return Err(DecodeError::UnknownCodec(envelope.codec));
    }
    match serde_json::from_str::<IgnoredAny>(&envelope.payload) {
        #[cfg(feature = "defects")]
        Err(_) if defect!("O59", true, false) => Ok(envelope),
        Ok(_) => Ok(envelope),
        Err(source) => Err(DecodeError::Payload { event_type: envelope.event_type, source }),
    }
}

fn read(message: &str, attempt: i64, row: &AnyRow) -> Result<Envelope, sqlx::Error> {
    Ok(Envelope {
        message_id: message.to_owned(),
        event_type: row.try_get("event_type")?,
        payload: row.try_get("payload")?,
        codec: row.try_get("codec")?,
        codec_version: row.try_get("codec_version")?,
        destination: row.try_get("destination")?,
        metadata: row.try_get("metadata")?,
        source_type: row.try_get("source_type")?,
        source_id: row.try_get("source_id")?,
        source_sequence: row.try_get("source_sequence")?,
        correlation_id: defect!("O52", String::new(), row.try_get("correlation_id")?),
        causation_id: row.try_get("causation_id")?,
        attempt,
    })
}
