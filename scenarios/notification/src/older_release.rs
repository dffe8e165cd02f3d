//! The release before retries: it migrates to its own schema, sends what is pending, and knows no claims.

use std::time::Duration;

use chaosdrill::{
    Workload,
    rt::{
        http,
        sql::Pool,
        time::{self, Instant},
    },
};
use chaosdrill_target_notification::{BoxError, Channel, notification::Delivery, schema};
use serde_json::{Value, json};
use sqlx::migrate::MigrateError;

/// The newest migration that the release knows.
const NEWEST: i64 = 1;

/// How long the release runs.
const LASTS: Duration = Duration::from_secs(60);

/// The time between two sweeps.
const EVERY: Duration = Duration::from_secs(10);

/// A row that the release sends: id, type, channel, recipient and message.
type Row = (String, String, String, String, String);

/// Starts the release, and lets it run for a while. It is refused by a schema that is newer than its own.
pub(crate) async fn run(workload: &Workload, pool: &Pool) {
    let is_refusal = |error: &MigrateError| matches!(error, MigrateError::VersionMissing(_));
    let _ = workload.op_or_refusal("older-release", Value::Null, serve(pool), is_refusal).await;
}

async fn serve(pool: &Pool) -> Result<Value, MigrateError> {
    let until = Instant::now() + LASTS;
    while let Err(error) = schema::up_to(pool, NEWEST).await {
        if matches!(error, MigrateError::VersionMissing(_)) || Instant::now() > until {
            return Err(error);
        }
        time::sleep(EVERY).await;
    }
    let (mut sent, mut failed) = (0, 0);
    while Instant::now() < until {
        // What cannot be listed or stored now is the next sweep's.
        if let Ok((more_sent, more_failed)) = sweep(pool).await {
            sent += more_sent;
            failed += more_failed;
        }
        time::sleep(EVERY).await;
    }
    Ok(json!({ "sent": sent, "failed": failed }))
}

/// Sends all that is pending, and returns how much of it was sent and how much failed.
async fn sweep(pool: &Pool) -> Result<(usize, usize), BoxError> {
    let pending = "-- name: older.pending\nSELECT id, type, channel, recipient, message \
         FROM notification_events WHERE status = 'pending' ORDER BY created_at, id";
    let (mut sent, mut failed) = (0, 0);
    for row in sqlx::query_as::<_, Row>(pending).fetch_all(pool).await? {
        let id = row.0.clone();
        let is_sent = send(row).await?;
        let (status, sent_at) = match is_sent {
            true => ("sent", Some(time::unix_ms())),
            false => ("failed", None),
        };
        sqlx::query("-- name: older.settle\nUPDATE notification_events SET status = $1, sent_at = $2 WHERE id = $3")
            .bind(status)
            .bind(sent_at)
            .bind(id)
            .execute(pool)
            .await?;
        sent += usize::from(is_sent);
        failed += usize::from(!is_sent);
    }
    Ok((sent, failed))
}

/// Sends one notification. Returns whether the notifier has accepted it.
async fn send((id, kind, channel, recipient, message): Row) -> Result<bool, BoxError> {
    let channel = Channel::of_name(&channel).ok_or("the channel is unknown")?;
    let key = format!("{id}#older");
    let delivery =
        Delivery { key, notification: id, attempt: 0, channel, kind, recipient, message };
    let body = serde_json::to_vec(&delivery)?;
    let posted = http::post("older", "notifier:80", "/deliveries", body);
    let answer = time::timeout(EVERY, posted).await;
    Ok(matches!(answer, Ok(Ok(answer)) if answer.is_success()))
}
