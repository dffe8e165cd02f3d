//! The queue: a table of jobs, and its operations add, claim and settle.

use std::time::Duration;

use chaosdrill_rt::{
    defect,
    sql::{Pool, Statements},
    time,
};
use sqlx::migrate::Migrator;

use crate::error::Error;

const SQL: Statements = Statements::new(include_str!("../sql/sqlite.sql"));
const ADD: &str = SQL.get("jobs.add");
const CLAIM: &str = SQL.get("jobs.claim");
const SETTLE: &str = SQL.get("jobs.settle");

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The planted bug of the drill: any later claim counts as this one's.
#[cfg(feature = "defects")]
const SETTLE_OF_ANY_LATER_ATTEMPT: &str = "-- name: jobs.settle
    UPDATE jobs SET status = 'sent', settled_attempt = $2, receipt = $3 WHERE id = $1 AND attempt >= $2";

/// A queue of mails to send.
#[derive(Clone, Debug)]
pub struct Queue {
    pool: Pool,
}

/// A job that is claimed for the length of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The job's id.
    pub job: i64,
    /// The number of this claim, counted from 1 for each job.
    pub attempt: i64,
    /// The recipient of the mail.
    pub recipient: String,
    /// The body of the mail.
    pub body: String,
}

impl Queue {
    /// Opens the queue in a database, such as `sqlite:jobs.db?mode=rwc`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Ok(Self { pool: Pool::connect(url).await? })
    }

    /// Migrates the schema. One program must do this before the others: on SQLite the migrator has no lock, and if two
    /// programs migrate at once, the second fails because its tables exist already.
    ///
    /// # Errors
    ///
    /// Returns an error if the migrator fails.
    pub async fn install(&self) -> Result<(), Error> {
        Ok(self.pool.migrate(&MIGRATIONS).await?)
    }

    /// Adds mails, all or none, and returns their ids. A mail is a recipient and a body.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails. If the commit failed, it is unknown whether the mails were added.
    pub async fn add(&self, mails: &[(String, String)]) -> Result<Vec<i64>, Error> {
        let mut ids = Vec::with_capacity(mails.len());
        let mut tx = self.pool.begin("jobs.add").await?;
        for (recipient, body) in mails {
            let add = sqlx::query_scalar(ADD).bind(recipient).bind(body);
            ids.push(add.fetch_one(&mut *tx).await?);
        }
        tx.commit().await?;
        Ok(ids)
    }

    /// Claims the oldest job without a holder; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails. A claim whose answer was lost expires like any other.
    pub async fn claim(&self, worker: &str, lease: Duration) -> Result<Option<Claim>, Error> {
        let now = time::unix_ms();
        let until = now.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
        let row: Option<(i64, i64, String, String)> = sqlx::query_as(CLAIM)
            .bind(worker)
            .bind(until)
            .bind(now)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|(job, attempt, recipient, body)| Claim { job, attempt, recipient, body }))
    }

    /// Records that the mail of a claim was sent; `false` if the claim is no longer the current one.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails. The job is then sent again under another claim, and the mailer
    /// recognizes its id.
    pub async fn settle(&self, claim: &Claim, receipt: &str) -> Result<bool, Error> {
        let settle = defect!("M1", SETTLE_OF_ANY_LATER_ATTEMPT, SETTLE);
        let settled = sqlx::query(settle)
            .bind(claim.job)
            .bind(claim.attempt)
            .bind(receipt)
            .execute(&self.pool)
            .await?;
        Ok(settled.rows_affected() == 1)
    }
}
