//! The mailer: stands for the outside world, as the backend does. It keeps each mail under its id, so that a mail that
//! is posted again reaches the customer once, and counts how often it was posted.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use chaosdrill_kit::Program;
use chaosdrill_rt::{
    http,
    net::TcpListener,
    observe,
    sql::{Pool, Statements},
    statements,
    time::{self, Duration},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{BoxError, error::chain, start};

/// Maximum wait for the mailer's answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(5);

statements! {
    struct Sql {
        mailer_table: &'static str,
        mailer_accept: &'static str,
    }
}

static SQL: Sql = Sql::of(Statements::new(include_str!("../sql/mailer.sqlite.sql")));

/// The configuration of a mailer.
#[derive(Clone, Debug)]
pub struct MailerConfig {
    /// Its own database.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// A team whose first mails are refused, and how many of them.
    pub refused: Option<(String, u32)>,
}

impl MailerConfig {
    /// The defaults: port 80, and no refusals.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self { database_url: database_url.into(), listen: "0.0.0.0:80".into(), refused: None }
    }
}

/// A mail to the team of a resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) mail_id: String,
    pub(crate) team: String,
    /// The kind of audit that it is about.
    pub(crate) kind: String,
    pub(crate) resource_id: String,
}

/// Why a mail was perhaps not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("the mailer did not answer within {ANSWER_WAIT_MAX:?}")]
    TimedOut,
    #[error("the mailer cannot be reached")]
    Transport(#[source] io::Error),
    #[error("the mailer answered {0}")]
    Refused(u16),
}

/// Posts a mail.
pub(crate) async fn post(address: &str, mail: &Mail) -> Result<(), MailError> {
    let body = json!(mail).to_string();
    let posted = http::post("mailer.accept", address, "/mail", body);
    let response = time::timeout(ANSWER_WAIT_MAX, posted)
        .await
        .map_err(|_| MailError::TimedOut)?
        .map_err(MailError::Transport)?;
    if response.is_success() { Ok(()) } else { Err(MailError::Refused(response.status)) }
}

/// Runs a mailer, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_mailer(config: MailerConfig) -> Program<'static> {
    Box::pin(mailer(config))
}

async fn mailer(config: MailerConfig) -> Result<(), BoxError> {
    let pool = start::connect(&config.database_url).await?;
    let mut failures = 0;
    while let Err(error) = sqlx::query(SQL.mailer_table).execute(&pool).await {
        failures += 1;
        start::wait("tables", failures, &error).await;
    }
    let listener = TcpListener::bind("mailer", &config.listen).await?;
    let left = config.refused.as_ref().map_or(0, |(_, count)| *count);
    let mailer = Arc::new(Mailer { pool, refused: config.refused, left: AtomicU32::new(left) });
    let answer = move |request: http::Request| {
        let mailer = mailer.clone();
        async move {
            match serde_json::from_slice::<Mail>(&request.body) {
                Ok(mail) => mailer.accept(mail).await,
                Err(_) => http::Response::new(400, "this is no mail"),
            }
        }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

struct Mailer {
    pool: Pool,
    refused: Option<(String, u32)>,
    /// Mails that it will refuse.
    left: AtomicU32,
}

impl Mailer {
    async fn accept(&self, mail: Mail) -> http::Response {
        observe!("mailer.asked", resource = mail.resource_id, kind = mail.kind);
        if self.is_refused(&mail.team) {
            return http::Response::new(503, "not now");
        }
        let accepted = sqlx::query(SQL.mailer_accept)
            .bind(mail.mail_id)
            .bind(mail.team)
            .bind(mail.kind)
            .bind(mail.resource_id)
            .execute(&self.pool)
            .await;
        match accepted {
            Ok(_) => http::Response::new(200, "{}"),
            Err(error) => http::Response::new(500, chain(&error)),
        }
    }

    fn is_refused(&self, team: &str) -> bool {
        let is_of_it = self.refused.as_ref().is_some_and(|(refused, _)| refused == team);
        let less = |left: u32| left.checked_sub(1);
        is_of_it && self.left.fetch_update(Relaxed, Relaxed, less).is_ok()
    }
}
