//! The notifier: the world outside, for all channels. It keeps on its own disk what it was asked and what it delivered.

use std::sync::Arc;

use chaosdrill_kit::chain;
use chaosdrill_rt::{
    fail_point, http,
    net::TcpListener,
    observe,
    sql::{Pool, Statements},
    time::{self, Duration},
};

use crate::{BoxError, notification::Delivery, start};

const SQL: Statements = Statements::new(include_str!("../sql/notifier.sqlite.sql"));

/// How a notifier works.
#[derive(Clone, Debug)]
pub struct NotifierConfig {
    /// Its own disk.
    pub database_url: String,
    /// Where it listens, such as `0.0.0.0:80`.
    pub listen: String,
    /// What it has trouble with.
    pub troubles: Vec<Trouble>,
}

/// A script for the notifier: notifications with which it has trouble, by what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Notifications with this text in their message; the empty text is in every one.
    pub message_contains: String,
    /// What kind of trouble.
    pub manner: Manner,
}

/// What a notifier does instead of delivering and saying so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It refuses so many times, and delivers then.
    RefusesFirst(i64),
    /// It delivers, and says so many times that it did not.
    DeniesFirst(i64),
    /// It takes this long over every delivery.
    Takes(Duration),
}

impl NotifierConfig {
    /// The defaults: it listens on port 80, and has no trouble.
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
/// Only where it cannot start.
pub async fn run_notifier(config: NotifierConfig) -> Result<(), BoxError> {
    let pool = start::connect(&config.database_url).await?;
    make_tables(&pool).await;
    let notifier = Arc::new(Notifier { pool, config });
    let listener = TcpListener::bind("notifier", &notifier.config.listen).await?;
    let deliver = move |request: http::Request| {
        let notifier = notifier.clone();
        async move { notifier.answer(&request).await }
    };
    http::serve(listener, deliver).await?;
    Ok(())
}

async fn make_tables(pool: &Pool) {
    let mut failures = 0;
    for name in ["notifier.asks_table", "notifier.deliveries_table"] {
        while let Err(error) = sqlx::query(SQL.get(name)).execute(pool).await {
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
        match self.deliver(&delivery).await {
            Ok(answer) => answer,
            Err(error) => http::Response::new(503, chain(&error)),
        }
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<http::Response, sqlx::Error> {
        let Delivery { key, notification, attempt, channel, .. } = delivery;
        let asks: i64 = sqlx::query_scalar(SQL.get("notifier.ask"))
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
        let accepted = sqlx::query(SQL.get("notifier.accept"))
            .bind(key.clone())
            .bind(notification.clone())
            .bind(*attempt)
            .bind(channel.name())
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
