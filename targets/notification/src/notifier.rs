//! The notifier: stands for the outside world, for all channels. It records requests and deliveries on its own disk.

use std::sync::Arc;

use chaosdrill_kit::{Program, chain};
use chaosdrill_rt::{
    fail_point, http,
    net::TcpListener,
    observe,
    sql::{Pool, Statements},
    statements,
    time::{self, Duration},
};

use crate::{BoxError, notification::Delivery, start};

statements! {
    struct Sql {
        notifier_asks_table: &'static str,
        notifier_deliveries_table: &'static str,
        notifier_ask: &'static str,
        notifier_accept: &'static str,
    }
}

static SQL: Sql = Sql::of(Statements::new(include_str!("../sql/notifier.sqlite.sql")));

/// The configuration of a notifier.
#[derive(Clone, Debug)]
pub struct NotifierConfig {
    /// Its own database.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// Its scripted troubles.
    pub troubles: Vec<Trouble>,
}

/// A scripted trouble, for notifications selected by their text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Selects the notifications whose message contains this text; the empty text selects all.
    pub message_contains: String,
    /// The kind of trouble.
    pub manner: Manner,
}

/// What a notifier does instead of delivering and confirming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It refuses this many times, then delivers.
    RefusesFirst(i64),
    /// It delivers, but reports a failure this many times.
    DeniesFirst(i64),
    /// Each delivery takes this long.
    Takes(Duration),
}

impl NotifierConfig {
    /// The defaults: port 80, and no trouble.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            listen: "0.0.0.0:80".into(),
            troubles: Vec::new(),
        }
    }

    fn troubles_with(&self, message: &str) -> impl Iterator<Item = Manner> {
        let fits = move |trouble: &&Trouble| message.contains(&trouble.message_contains);
        self.troubles.iter().filter(fits).map(|trouble| trouble.manner)
    }
}

/// Runs a notifier, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_notifier(config: NotifierConfig) -> Program<'static> {
    Box::pin(notifier(config))
}

async fn notifier(config: NotifierConfig) -> Result<(), BoxError> {
    let pool = start::connect(&config.database_url).await?;
    make_tables(&pool).await;
    let notifier = Arc::new(Notifier { pool, config });
    let listener = TcpListener::bind("notifier", &notifier.config.listen).await?;
    observe!("notifier.up");
    let deliver = move |request: http::Request| {
        let notifier = notifier.clone();
        async move { notifier.answer(&request).await }
    };
    http::serve(listener, deliver).await?;
    Ok(())
}

async fn make_tables(pool: &Pool) {
    let mut failures = 0;
    for table in [SQL.notifier_asks_table, SQL.notifier_deliveries_table] {
        while let Err(error) = sqlx::query(table).execute(pool).await {
            failures += 1;
            start::wait("tables", failures, &error).await;
        }
    }
}

struct Notifier {
    pool: Pool,
    config: NotifierConfig,
}

impl Notifier {
    async fn answer(&self, request: &http::Request) -> http::Response {
        let Ok(delivery) = serde_json::from_slice::<Delivery>(&request.body) else {
            return http::Response::new(400, "this is no delivery");
        };
        let answer = match self.deliver(&delivery).await {
            Ok(answer) => answer,
            Err(error) => http::Response::new(503, chain(&error)),
        };
        if !answer.is_success() {
            observe!(
                "notifier.failed",
                notification = delivery.notification,
                attempt = delivery.attempt,
                status = answer.status,
                said = String::from_utf8_lossy(&answer.body)
            );
        }
        answer
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<http::Response, sqlx::Error> {
        let Delivery { key, notification, attempt, channel, .. } = delivery;
        let asks: i64 = sqlx::query_scalar(SQL.notifier_ask)
            .bind(notification.clone())
            .fetch_one(&self.pool)
            .await?;
        observe!("notifier.asked", notification = notification, attempt = attempt, asks = asks);
        let (mut refuses, mut denies) = (false, false);
        for manner in self.config.troubles_with(&delivery.message) {
            match manner {
                Manner::RefusesFirst(first) => refuses |= asks <= first,
                Manner::DeniesFirst(first) => denies |= asks <= first,
                Manner::Takes(long) => time::sleep(long).await,
            }
        }
        if refuses {
            observe!("notifier.refused", notification = notification, attempt = attempt);
            let why = format!("{} does not take it now. {}", channel.name(), "Sorry. ".repeat(200));
            return Ok(http::Response::new(503, why));
        }
        let accepted = sqlx::query(SQL.notifier_accept)
            .bind(key.clone())
            .bind(notification.clone())
            .bind(*attempt)
            .bind(channel.name())
            .bind(delivery.kind.clone())
            .bind(delivery.recipient.clone())
            .bind(delivery.message.clone())
            .bind(time::unix_ms())
            .execute(&self.pool)
            .await?;
        let is_new = accepted.rows_affected() == 1;
        observe!(
            "notifier.accepted",
            notification = notification,
            attempt = attempt,
            channel = channel.name(),
            new = is_new
        );
        let is_broken = fail_point!(crate::failpoints::AFTER_ACCEPT).is_err();
        if denies || is_broken {
            return Ok(http::Response::new(502, "something broke on the way back"));
        }
        Ok(http::Response::new(200, ""))
    }
}
