//! The store behind the API: each request is one statement; if it is refused, a second one looks up why.

use chaosdrill_rt::{defect, sql::Pool, time};
use serde_json::{Value, json};
use sqlx::{Row, any::AnyRow};

use crate::{
    BoxError,
    error::{NotificationError, invalid, storage},
    notification::Notification,
    sql::{self, Sql},
};

/// Largest page of a list. A larger one is rejected: a page that is silently shortened looks like the end of the list.
pub(crate) const PAGE_MAX: i64 = 500;

/// A page of a list, and how many notifications all of its pages have, both read at the same instant.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) total: i64,
    pub(crate) notifications: Vec<Value>,
}

/// The notifications, as clients and operators see them.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: Pool,
    sql: &'static Sql,
}

impl Store {
    pub(crate) fn new(pool: Pool) -> Result<Self, BoxError> {
        let sql = sql::of(&pool)?;
        Ok(Self { pool, sql })
    }

    /// Stores a notification once. Returns whether it existed already.
    pub(crate) async fn create(&self, wish: &Notification) -> Result<bool, NotificationError> {
        defect!("N44", (), wish.validate()?);
        let created = sqlx::query(self.sql.notifications_create)
            .bind(wish.id.clone())
            .bind(wish.kind.clone())
            .bind(wish.channel.name())
            .bind(wish.recipient.clone())
            .bind(wish.message.clone())
            .bind(time::unix_ms())
            .execute(&self.pool)
            .await
            .map_err(storage("create a notification"));
        let created =
            defect!("N42", if created.is_err() { return Ok(false) } else { created }, created)?;
        defect!("N44", wish.validate()?, ());
        if created.rows_affected() == 1 {
            return Ok(false);
        }
        let known = self.find(&wish.id).await?;
        let wished =
            [&wish.kind, wish.channel.name(), wish.recipient.as_str(), wish.message.as_str()];
        let is_another = known[..4] != wished.map(str::to_owned);
        if defect!("N43", false, is_another) {
            return Err(invalid(format!("the id {} belongs to another notification", wish.id)));
        }
        Ok(true)
    }

    /// Type, channel, recipient, message and status.
    async fn find(&self, id: &str) -> Result<[String; 5], NotificationError> {
        let failed = storage("find a notification");
        let row = sqlx::query(self.sql.notifications_find)
            .bind(id.to_owned())
            .fetch_optional(&self.pool)
            .await
            .map_err(&failed)?;
        let Some(row) = row else { return Err(NotificationError::NotFound { id: id.to_owned() }) };
        let text = |column| row.try_get::<String, _>(column).map_err(&failed);
        Ok([text("type")?, text("channel")?, text("recipient")?, text("message")?, text("status")?])
    }

    /// Gives a failed, dead or undeliverable notification all of its attempts again, and clears their outcome.
    pub(crate) async fn requeue(&self, id: &str) -> Result<(), NotificationError> {
        let requeue = self.sql.notifications_requeue;
        let requeue = defect!("N11", sql::WRONG.notifications_requeue, requeue);
        let requeue = defect!("N11c", sql::WRONG.notifications_requeue_any, requeue);
        defect!("N11b", self.change(sql::WRONG.notifications_requeue, id).await?, ());
        let requeue = defect!("N11b", sql::WRONG.notifications_requeue_rest, requeue);
        self.change(requeue, id).await
    }

    /// Marks a notification as read.
    pub(crate) async fn mark_read(&self, id: &str) -> Result<(), NotificationError> {
        let read = self.sql.notifications_read;
        let read = defect!("N71", sql::WRONG.notifications_read, read);
        match self.change(read, id).await {
            // Whoever asks again has read it already.
            Err(NotificationError::Conflict { status, .. }) if status == "read" => Ok(()),
            other => other,
        }
    }

    /// Runs one guarded statement; if it changes nothing, the row says why.
    async fn change(&self, statement: &'static str, id: &str) -> Result<(), NotificationError> {
        let changed = sqlx::query(statement)
            .bind(id.to_owned())
            .execute(&self.pool)
            .await
            .map_err(storage("change a notification"))?;
        if defect!("N45", true, changed.rows_affected() == 1) {
            return Ok(());
        }
        let [.., status] = self.find(id).await?;
        Err(NotificationError::Conflict { id: id.to_owned(), status })
    }

    /// A page of the list, newest first: of one status, or of all if `status` is empty. One statement reads the page
    /// and the total, so that they fit each other.
    pub(crate) async fn list(
        &self,
        status: &str,
        page: i64,
        per_page: i64,
    ) -> Result<Listed, NotificationError> {
        if !(1..=PAGE_MAX).contains(&per_page) || page < 1 {
            return Err(invalid(format!("pages count from 1, and hold 1 to {PAGE_MAX} each")));
        }
        let failed = storage("list notifications");
        let earlier = defect!("N40", Some(self.wrong_total(status).await?), None::<i64>);
        let list = self.sql.notifications_list;
        let rows = sqlx::query(defect!("N41", sql::WRONG.notifications_list, list))
            .bind(status.to_owned())
            .bind(per_page)
            .bind((page - 1).saturating_mul(per_page))
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        let shown = |row: &AnyRow| -> Result<Value, sqlx::Error> {
            Ok(json!({
                "id": row.try_get::<String, _>("id")?,
                "type": row.try_get::<String, _>("type")?,
                "channel": row.try_get::<String, _>("channel")?,
                "recipient": row.try_get::<String, _>("recipient")?,
                "message": row.try_get::<String, _>("message")?,
                "status": row.try_get::<String, _>("status")?,
                "created_at": row.try_get::<i64, _>("created_at")?,
                "sent_at": row.try_get::<Option<i64>, _>("sent_at")?,
                "retry_count": row.try_get::<i64, _>("retry_count")?,
                "next_retry_at": row.try_get::<Option<i64>, _>("next_retry_at")?,
                "last_error": row.try_get::<Option<String>, _>("last_error")?,
            }))
        };
        // There is always a row, for the total; that of an empty page has no notification.
        let total = rows.first().map_or(Ok(0), |row| row.try_get("total")).map_err(&failed)?;
        let is_shown = |row: &&AnyRow| !matches!(row.try_get::<Option<String>, _>("id"), Ok(None));
        let notifications = rows.iter().filter(is_shown).map(shown).collect::<Result<_, _>>();
        Ok(Listed {
            total: earlier.unwrap_or(total),
            notifications: notifications.map_err(&failed)?,
        })
    }

    /// The number of dead notifications.
    pub(crate) async fn dead_total(&self) -> Result<i64, NotificationError> {
        sqlx::query_scalar(defect!("N47", sql::WRONG.metrics_dead, self.sql.metrics_dead))
            .fetch_one(&self.pool)
            .await
            .map_err(storage("count dead notifications"))
    }

    #[cfg(feature = "defects")]
    async fn wrong_total(&self, status: &str) -> Result<i64, NotificationError> {
        sqlx::query_scalar(sql::WRONG.notifications_total)
            .bind(status.to_owned())
            .fetch_one(&self.pool)
            .await
            .map_err(storage("list notifications"))
    }

    /// The number of notifications of each status: counted, not listed.
    pub(crate) async fn counts(&self) -> Result<Value, NotificationError> {
        let failed = storage("count notifications");
        let count = defect!("N20", sql::WRONG.dashboard_count, self.sql.dashboard_count);
        let rows = sqlx::query_as::<_, (String, i64)>(count)
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        Ok(rows.into_iter().map(|(status, count)| (status, Value::from(count))).collect())
    }

    /// The creation time of the oldest notification that no server has begun to send.
    pub(crate) async fn oldest_pending(&self) -> Result<Option<i64>, NotificationError> {
        let oldest = self.sql.dashboard_oldest;
        sqlx::query_scalar(defect!("N54", sql::WRONG.dashboard_oldest, oldest))
            .fetch_one(&self.pool)
            .await
            .map_err(storage("look for the oldest notification"))
    }
}
