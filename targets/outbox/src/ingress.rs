//! The ingress: accepts commands over HTTP.
//!
//! `POST /commands` executes a [`Command`]; `POST /accounts` with `{"account": "a"}` returns an account. Of the status
//! codes, 200 is success, 503 asks the sender to retry, and 422 is a final refusal.

use std::sync::Arc;

use chaosdrill_kit::{Program, chain};
use chaosdrill_rt::{defect, fail_point, http, net::TcpListener, time::Duration};
use serde::Deserialize;
use serde_json::json;

use crate::{
    BoxError,
    command::Command,
    dispatcher::{Dispatcher, DispatcherConfig},
    error::{RepositoryError, RetryClass},
    execute::Done,
    on_commit::Hints,
    queued::QueuedRepository,
    start,
    store::{EventStore, VersionCheck},
};

/// The configuration of an ingress.
#[derive(Clone, Debug)]
pub struct IngressConfig {
    /// The database of the event store.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// A snapshot is taken once this many events have come since the last.
    pub snapshot_frequency: u32,
    /// The destination of the messages that announce events.
    pub destination: String,
    /// Maximum wait of a command for its turn.
    pub turn_wait_max: Duration,
    /// Maximum length of a turn.
    pub turn_max: Duration,
    /// When a commit compares versions.
    pub version_check: VersionCheck,
    /// The dispatcher of its own commits, which publishes them at once; `None` if they wait for a poll.
    pub on_commit: Option<DispatcherConfig>,
    /// Maximum number of commits that wait for that dispatcher. What is more waits for a poll.
    pub hints_max: usize,
}

impl IngressConfig {
    /// The defaults: listens on port 80, takes a snapshot every five events, and a turn is waited for at most 10 s
    /// and lasts at most 30 s. A commit compares versions under the lock, and its messages wait for a poll.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            listen: "0.0.0.0:80".into(),
            snapshot_frequency: 5,
            destination: "accounts".into(),
            turn_wait_max: Duration::from_secs(10),
            turn_max: Duration::from_secs(30),
            version_check: VersionCheck::default(),
            on_commit: None,
            hints_max: 256,
        }
    }
}

/// Runs an ingress forever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_ingress(config: IngressConfig) -> Program<'static> {
    Box::pin(ingress(config))
}

async fn ingress(config: IngressConfig) -> Result<(), BoxError> {
    let pool = start::open(&config.database_url).await?;
    let on_commit = config.on_commit.map(|config| Dispatcher::new(pool.clone(), config));
    let hints = on_commit.transpose()?.map(|publisher| Hints::to(publisher, config.hints_max));
    let store = EventStore::new(pool, config.snapshot_frequency, config.destination)?
        .version_check(config.version_check)
        .hints(hints);
    let repository = Arc::new(QueuedRepository::new(store, config.turn_wait_max, config.turn_max));
    let listener = TcpListener::bind("ingress", &config.listen).await?;
    let answer = move |request: http::Request| {
        let repository = repository.clone();
        async move { answer(&repository, &request).await }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Show {
    account: String,
}

async fn answer(repository: &QueuedRepository, request: &http::Request) -> http::Response {
    let answered = match request.path.as_str() {
        "/commands" => match serde_json::from_slice(&request.body) {
            Ok(command) => execute(repository, &command).await,
            Err(error) => return malformed(&error),
        },
        "/accounts" => match serde_json::from_slice(&request.body) {
            Ok(show) => load(repository, &show).await,
            Err(error) => return malformed(&error),
        },
        _ => return say(404, &json!({ "error": "nothing is here" })),
    };
    answered.unwrap_or_else(|error| refusal(&error))
}

async fn execute(
    repository: &QueuedRepository,
    command: &Command,
) -> Result<http::Response, RepositoryError> {
    let Done { version, repeated } = repository.execute(command).await?;
    fail_point!(crate::failpoints::BEFORE_ANSWER)?;
    Ok(say(200, &json!({ "version": version, "repeated": repeated })))
}

async fn load(
    repository: &QueuedRepository,
    show: &Show,
) -> Result<http::Response, RepositoryError> {
    let hydrated = repository.load(&show.account).await?;
    if hydrated.version == 0 {
        return Err(RepositoryError::NotFound { id: show.account.clone() });
    }
    let version = defect!("O55", hydrated.snapshot_version, hydrated.version);
    Ok(say(200, &json!({ "version": version, "account": hydrated.account })))
}

/// A body that cannot be read is refused for good: sent again, it is the same.
fn malformed(error: &serde_json::Error) -> http::Response {
    let (status, error) = (defect!("O47", 503, 422), error.to_string());
    say(status, &json!({ "error": error, "cause": "malformed", "kind": "permanent" }))
}

fn refusal(error: &RepositoryError) -> http::Response {
    let kind = error.kind();
    let status = match kind {
        RetryClass::Retryable => 503,
        RetryClass::Permanent => defect!("O16", 503, 422),
    };
    let versions = error.versions();
    say(
        status,
        &json!({
            "error": chain(error),
            "cause": error.cause(),
            "kind": kind.name(),
            "expected": versions.map(|(expected, _)| expected),
            "actual": versions.map(|(_, actual)| actual),
        }),
    )
}

fn say(status: u16, body: &serde_json::Value) -> http::Response {
    http::Response::new(status, body.to_string())
}
