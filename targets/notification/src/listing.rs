//! The work lists of a sweep, oldest first, read page by page.

use chaosdrill_rt::{defect, observe, sql::Pool, time};
use sqlx::{Row, any::AnyRow};

use crate::{
    BoxError,
    error::{NotificationError, storage},
    sql::{self, Sql},
};

/// A notification that a sweep may have to handle, as it was when it was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) id: String,
    pub(crate) attempts: i64,
    pub(crate) retry_count: i64,
    /// The sort key of the list, before the id.
    place: i64,
}

/// The kind of list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Created, and never begun.
    Pending,
    /// Failed, and due again.
    Due,
    /// Claimed, and the claim has lapsed.
    Lapsed,
}

impl Which {
    /// The statement that reads a page of the list.
    fn statement(self, sql: &'static Sql) -> &'static str {
        match self {
            Self::Pending => {
                defect!("N19", sql::WRONG.notifications_pending, sql.notifications_pending)
            }
            Self::Due => defect!("N38", sql::WRONG.notifications_due, sql.notifications_due),
            Self::Lapsed => sql.notifications_lapsed,
        }
    }
}

/// The statements by which sweeps find their work, each with the index that keeps it away from all other rows, so that
/// an administrator can ask the database for its plans.
///
/// # Errors
///
/// Fails if this release has no statements for the database.
pub fn sweep_statements(pool: &Pool) -> Result<[(&'static str, &'static str); 3], BoxError> {
    let sql = sql::of(pool)?;
    Ok([
        ("idx_notification_events_pending", Which::Pending.statement(sql)),
        ("idx_notification_events_retry_sweep", Which::Due.statement(sql)),
        ("idx_notification_events_claims", Which::Lapsed.statement(sql)),
    ])
}

/// The lists, as one server reads them.
#[derive(Clone, Debug)]
pub(crate) struct Lists {
    pool: Pool,
    sql: &'static Sql,
    server: String,
    limit: usize,
    page: usize,
    attempts_max: i64,
}

impl Lists {
    pub(crate) fn new(
        pool: Pool,
        server: String,
        limit: usize,
        page: usize,
        attempts_max: i64,
    ) -> Result<Self, BoxError> {
        let sql = sql::of(&pool)?;
        Ok(Self { pool, sql, server, limit, page: page.max(1), attempts_max })
    }

    /// Reads a whole list, up to the limit. Fails if any of its pages cannot be read.
    pub(crate) async fn read(
        &self,
        which: Which,
        sweep: &str,
    ) -> Result<Vec<Candidate>, NotificationError> {
        let now = time::unix_ms();
        let mut all: Vec<Candidate> = Vec::new();
        while all.len() < self.limit {
            let page = match self.page(which, now, all.last()).await {
                Ok(page) => page,
                Err(error) => {
                    let server = &self.server;
                    observe!("list.failed", server = server, sweep = sweep, had = all.len());
                    defect!(
                        "N8",
                        if !all.is_empty() {
                            break;
                        },
                        ()
                    );
                    return Err(error);
                }
            };
            let is_last = page.len() < self.page || defect!("N19", true, false);
            all.extend(page);
            if is_last {
                break;
            }
        }
        all.truncate(self.limit);
        Ok(all)
    }

    async fn page(
        &self,
        which: Which,
        now: i64,
        after: Option<&Candidate>,
    ) -> Result<Vec<Candidate>, NotificationError> {
        let failed = storage("list notifications");
        let (place, id) =
            after.map_or((i64::MIN, String::new()), |last| (last.place, last.id.clone()));
        let query = sqlx::query(which.statement(self.sql))
            .bind(place)
            .bind(id)
            .bind(i64::try_from(self.page).unwrap_or(1));
        let query = match which {
            Which::Pending => query,
            Which::Lapsed => query.bind(now),
            Which::Due => {
                query.bind(due_until(now)).bind(defect!("N3", i64::MAX, self.attempts_max))
            }
        };
        let rows = query.fetch_all(&self.pool).await.map_err(&failed)?;
        rows.iter().map(candidate).collect::<Result<_, _>>().map_err(&failed)
    }
}

/// The time up to which a sweep takes what is due.
fn due_until(now: i64) -> i64 {
    let until = defect!("N68", now.saturating_add(120_000), now);
    defect!("N69", now.saturating_sub(120_000), until)
}

fn candidate(row: &AnyRow) -> Result<Candidate, sqlx::Error> {
    Ok(Candidate {
        id: row.try_get("id")?,
        attempts: row.try_get("attempts")?,
        retry_count: row.try_get("retry_count")?,
        place: row.try_get("place")?,
    })
}
