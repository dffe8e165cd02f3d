//! The HTTP API: clients create notifications, operators list, read and requeue them.
//!
//! | path | body | answers |
//! |---|---|---|
//! | `/notifications` | a `Notification` | 200; 422 if another notification has the id, or the body is invalid |
//! | `/notifications/ID/requeue` | | 200; 409 if it was not given up, 404 |
//! | `/notifications/ID/read` | | 200; 409 if it was not sent, 404 |
//! | `/notifications/list` | `{"status": "dead", "page": 1, "per_page": 50}` | 200; 422 if the page is too large |
//! | `/dashboard` | | 200, with the counts that are available |
//! | `/metrics` | | 200, with the number of dead notifications |
//!
//! Clients retry after 503: every request may be repeated.

use std::sync::Arc;

use chaosdrill_kit::{Program, chain};
use chaosdrill_rt::{defect, fail_point, http, net::TcpListener};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    BoxError,
    error::{NotificationError, invalid},
    start,
    statistics::Statistics,
    store::{Listed, Store},
};

/// The configuration of an API.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// The database of the notifications.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// Whether the statistics are counted; if not, each is zero.
    pub has_statistics: bool,
}

impl ApiConfig {
    /// The defaults: port 80, with statistics.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            listen: "0.0.0.0:80".into(),
            has_statistics: true,
        }
    }
}

/// Runs an API, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_api(config: ApiConfig) -> Program<'static> {
    Box::pin(api(config))
}

async fn api(config: ApiConfig) -> Result<(), BoxError> {
    let store = Store::new(start::open(&config.database_url).await?)?;
    let statistics = Statistics(config.has_statistics.then(|| store.clone()));
    let api = Arc::new(Api { store, statistics });
    let listener = TcpListener::bind("api", &config.listen).await?;
    let answer = move |request: http::Request| {
        let api = api.clone();
        async move { answer(&api, &request).await }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

struct Api {
    store: Store,
    statistics: Statistics,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    status: String,
    #[serde(default = "first")]
    page: i64,
    #[serde(default = "fifty")]
    per_page: i64,
}

fn first() -> i64 {
    1
}

fn fifty() -> i64 {
    50
}

async fn answer(api: &Api, request: &http::Request) -> http::Response {
    let Api { store, statistics } = api;
    let path: Vec<&str> = request.path.split('/').skip(1).collect();
    let answered = match path[..] {
        ["notifications"] => create(store, &request.body).await,
        ["notifications", "list"] => list(store, &request.body).await,
        ["notifications", id, "requeue"] => requeue(store, id).await,
        ["notifications", id, "read"] => read(store, id).await,
        ["dashboard"] => dashboard(store).await,
        ["metrics"] => metrics(statistics).await,
        _ => return say(404, &json!({ "error": "nothing is here" })),
    };
    answered.unwrap_or_else(|error| {
        let status = if let NotificationError::Conflict { status, .. } = &error {
            status.as_str()
        } else {
            ""
        };
        say(error.status(), &json!({ "error": chain(&error), "status": status }))
    })
}

async fn create(store: &Store, body: &[u8]) -> Result<http::Response, NotificationError> {
    let wish = serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))?;
    let repeated = store.create(&wish).await?;
    fail_point!(crate::failpoints::BEFORE_ANSWER)?;
    Ok(say(200, &json!({ "id": wish.id, "repeated": repeated })))
}

async fn requeue(store: &Store, id: &str) -> Result<http::Response, NotificationError> {
    store.requeue(id).await?;
    fail_point!(crate::failpoints::BEFORE_ANSWER)?;
    Ok(say(200, &json!({ "id": id, "status": "pending" })))
}

async fn read(store: &Store, id: &str) -> Result<http::Response, NotificationError> {
    store.mark_read(id).await?;
    Ok(say(200, &json!({ "id": id, "status": "read" })))
}

async fn list(store: &Store, body: &[u8]) -> Result<http::Response, NotificationError> {
    let List { status, page, per_page } =
        serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))?;
    let Listed { total, notifications } = store.list(&status, page, per_page).await?;
    let total = defect!("N52", None, Some(total));
    let listed = json!({
        "page": page, "per_page": per_page, "total": total, "notifications": notifications,
    });
    Ok(say(200, &listed))
}

async fn metrics(statistics: &Statistics) -> Result<http::Response, NotificationError> {
    let dead_total = statistics.dead_total().await?;
    Ok(say(200, &json!({ "notification_dead_total": dead_total })))
}

/// Shows the counts that are available; one failed query does not hide the others.
async fn dashboard(store: &Store) -> Result<http::Response, NotificationError> {
    let (counts, oldest) = (store.counts().await, store.oldest_pending().await);
    let errors: Vec<String> = [counts.as_ref().err(), oldest.as_ref().err()]
        .into_iter()
        .flatten()
        .map(|error| chain(error))
        .collect();
    let oldest = defect!("N55", counts.as_ref().ok().and(oldest.ok()), oldest.ok()).flatten();
    let counts = defect!("N20b", Some(counts?), counts.ok());
    let counts = defect!("N53", None, counts);
    let counted = json!({ "counts": counts, "oldest_pending": oldest, "errors": errors });
    Ok(say(200, &counted))
}

fn say(status: u16, body: &Value) -> http::Response {
    http::Response::new(status, body.to_string())
}
