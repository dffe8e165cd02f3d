//! Senders and operators of notifications that behave as careful clients do: they repeat a request until its answer is
//! final.

use std::time::Duration;

use chaosdrill::rt::{http, sql::Pool, time};
use chaosdrill::{EventKind, Stream, Workload};
use chaosdrill_scenarios_common::sample::sample;
use chaosdrill_target_notification::{Channel, Notification};
use proptest::{
    collection::vec,
    prelude::{Just, prop_oneof},
    sample::select,
    strategy::Strategy,
};
use serde_json::{Value, json};

use crate::stage;

/// How often a client repeats a request before it gives up without a result.
const ASKS_MAX: u32 = 60;

/// How long a client waits for an answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(15);

/// How long a client pauses before it asks again.
const REST: Duration = Duration::from_secs(2);

/// The answer to one request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// `None` if no answer came.
    pub(crate) status: Option<u16>,
    /// The body, if it was JSON.
    pub(crate) body: Value,
}

/// Repeats a request until its answer is final, and records it as one operation.
pub(crate) async fn ask(workload: &Workload, name: &str, path: &str, body: Value) -> Answer {
    ask_at(workload, "api:80", name, path, body).await
}

/// Like [`ask`], at another address than that of the API.
async fn ask_at(workload: &Workload, address: &str, name: &str, path: &str, body: Value) -> Answer {
    let asking = async {
        let mut statuses = Vec::new();
        loop {
            let posted = http::post(name, address, path, body.to_string());
            let answer = match time::timeout(ANSWER_WAIT_MAX, posted).await {
                Ok(Ok(response)) => Answer {
                    status: Some(response.status),
                    body: serde_json::from_slice(&response.body).unwrap_or_default(),
                },
                _ => Answer { status: None, body: Value::Null },
            };
            statuses.push(answer.status);
            let is_final = answer.status.is_some_and(|status| status != 503);
            if is_final || statuses.len() as u32 >= ASKS_MAX {
                return (answer, statuses);
            }
            time::sleep(REST).await;
        }
    };
    let end = |(answer, statuses): &(Answer, Vec<Option<u16>>)| {
        let kind = match answer.status {
            Some(200) => EventKind::Ok,
            Some(status) if status < 500 => EventKind::Fail,
            // Whether a server error had an effect is unknown.
            _ => EventKind::Info,
        };
        (kind, json!({ "statuses": statuses, "body": answer.body }))
    };
    let input = json!({ "path": path, "body": body });
    workload.op_with(name, input, asking, end).await.0
}

/// A notification with this id, channel and message.
pub(crate) fn notification(id: &str, channel: Channel, message: &str) -> Notification {
    Notification {
        id: id.to_owned(),
        kind: "certificate.expiring".to_owned(),
        channel,
        recipient: "ops@example.com".to_owned(),
        message: message.to_owned(),
    }
}

/// Requests a notification.
pub(crate) async fn create(workload: &Workload, wish: &Notification) -> Answer {
    ask(workload, "create", "/notifications", json!(wish)).await
}

/// Kinds of notifications: some are unknown, and some are hardly names.
fn kinds() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => Just("certificate.expiring".to_owned()),
        1 => "[a-z]{1,8}\\.[a-z]{1,8}",
        1 => "\\PC{1,12}",
    ]
}

/// Requests notifications with these moods one after the other, through channels drawn from the seed.
pub(crate) async fn create_all(workload: &Workload, prefix: &str, moods: &[&str]) {
    let mut stream = workload.stream(prefix);
    let mut kind_of = workload.stream(&format!("kinds of {prefix}"));
    for (number, mood) in moods.iter().enumerate().take(workload.steps(moods.len())) {
        let channel = stream.pick(&Channel::ALL).copied().unwrap_or(Channel::Email);
        let mut wish = notification(&format!("{prefix}-{number:03}"), channel, mood);
        wish.kind = sample(&mut kind_of, &kinds());
        create(workload, &wish).await;
        rest(&mut stream, 40).await;
    }
}

/// Samples `count` of these moods, drawn from the seed.
pub(crate) fn moods(
    workload: &Workload,
    known: &'static [&'static str],
    count: usize,
) -> Vec<&'static str> {
    let strategy = vec(select(known), count).boxed();
    sample(&mut workload.stream("moods"), &strategy)
}

/// Sleeps for a time drawn from the seed.
pub(crate) async fn rest(stream: &mut Stream, ms_max: u64) {
    time::sleep(Duration::from_millis(stream.between(0, ms_max))).await;
}

/// Sleeps for some minutes.
pub(crate) async fn minutes(count: u64) {
    time::sleep(Duration::from_secs(count * 60)).await;
}

/// Lists a page of the notifications with a status, or of all if it is empty.
pub(crate) async fn list(
    workload: &Workload,
    status: &str,
    page: usize,
    per_page: usize,
) -> Answer {
    let body = json!({ "status": status, "page": page, "per_page": per_page });
    ask(workload, "list", "/notifications/list", body).await
}

/// The ids of the notifications with a status, newest first; empty if they are unknown.
pub(crate) async fn ids_of(workload: &Workload, status: &str) -> Vec<String> {
    let answer = list(workload, status, 1, 500).await;
    let rows = answer.body["notifications"].as_array().cloned().unwrap_or_default();
    rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect()
}

/// Requeues a notification as an operator, which restores its attempts.
pub(crate) async fn requeue(workload: &Workload, id: &str) -> Answer {
    ask(workload, "requeue", &format!("/notifications/{id}/requeue"), Value::Null).await
}

/// Marks a notification as read, as its reader.
pub(crate) async fn mark_read(workload: &Workload, id: &str) -> Answer {
    ask(workload, "read", &format!("/notifications/{id}/read"), Value::Null).await
}

/// Queries the dashboard.
pub(crate) async fn look(workload: &Workload) -> Answer {
    ask(workload, "dashboard", "/dashboard", Value::Null).await
}

/// Reads the statistics, as a monitoring system does.
pub(crate) async fn measure(workload: &Workload) -> Answer {
    ask(workload, "metrics", "/metrics", Value::Null).await
}

/// Reads the statistics of an API that has none.
pub(crate) async fn measure_unwired(workload: &Workload) -> Answer {
    ask_at(workload, "unwired:80", "metrics-unwired", "/metrics", Value::Null).await
}

/// Asks a server to shut down; once, because a server that is already down does not answer.
pub(crate) async fn shut_down(server: &str) {
    let address = format!("{server}:80");
    let posted = http::post("shutdown", &address, "/shutdown", "");
    let _ = time::timeout(ANSWER_WAIT_MAX, posted).await;
}

/// A connection to the database for its administrator.
pub(crate) async fn administer() -> Pool {
    loop {
        match Pool::connect(&stage::url()).await {
            Ok(pool) if is_migrated(&pool).await => return pool,
            _ => time::sleep(REST).await,
        }
    }
}

/// Whether the table has the schema that the servers use. The objects that depended on an older table went with it.
async fn is_migrated(pool: &Pool) -> bool {
    let newest = "SELECT claimed_until FROM notification_events LIMIT 1";
    sqlx::query(newest).execute(pool).await.is_ok()
}

/// Executes a statement of the administrator until it succeeds.
pub(crate) async fn execute(pool: &Pool, sql: &'static str) {
    while sqlx::query(sql).execute(pool).await.is_err() {
        time::sleep(REST).await;
    }
}
