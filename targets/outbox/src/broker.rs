//! The broker: stands for the outside world. It stores accepted messages on its own disk, and delivers each until it is
//! acknowledged.

use std::sync::Arc;

use chaosdrill_kit::{Backoff, Program, chain};
use chaosdrill_rt::{
    defect, fail_point, http,
    net::TcpListener,
    observe,
    sql::{Pool, Statements},
    statements, task,
    time::{self, Duration},
};
use sqlx::Row;

use crate::{BoxError, start, wire::Envelope};

statements! {
    struct Sql {
        broker_table: &'static str,
        broker_receive: &'static str,
        broker_owed: &'static str,
        broker_acknowledge: &'static str,
    }
}

static SQL: Sql = Sql::of(Statements::new(include_str!("../sql/broker.sqlite.sql")));

/// The configuration of a broker.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// The database on its own disk.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// The address of the consumer; `None` if messages are accepted but not delivered.
    pub consumer: Option<String>,
    /// The messages whose first publishes are refused.
    pub refusals: Vec<Refusal>,
    /// How long it waits for the consumer's answer.
    pub request_timeout: Duration,
    /// How long it waits between deliveries of one message.
    pub backoff: Backoff,
}

/// A scripted refusal of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Matches messages with this text in their payload; the empty text matches all messages.
    pub payload_contains: String,
    /// How many publishes of each message are refused before one is accepted.
    pub first: u32,
}

impl BrokerConfig {
    /// The defaults: listens on port 80, accepts everything and delivers nothing.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            listen: "0.0.0.0:80".into(),
            consumer: None,
            refusals: Vec::new(),
            request_timeout: Duration::from_secs(5),
            backoff: Backoff::default(),
        }
    }

    /// How many publishes of this message are refused before one is accepted.
    fn refused_first(&self, envelope: &Envelope) -> u32 {
        let refusals = self.refusals.iter();
        let fits = |refusal: &&Refusal| envelope.payload.contains(&refusal.payload_contains);
        refusals.filter(fits).map(|refusal| refusal.first).max().unwrap_or(0)
    }
}

/// Runs a broker forever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_broker(config: BrokerConfig) -> Program<'static> {
    Box::pin(broker(config))
}

async fn broker(config: BrokerConfig) -> Result<(), BoxError> {
    let pool = start::connect(&config.database_url).await?;
    let broker = Arc::new(Broker { pool, config });
    let owed = broker.recover().await;
    for (envelope, publishes) in defect!("O35", Vec::new(), owed) {
        broker.clone().owe(envelope, publishes);
    }
    let listener = TcpListener::bind("bus", &broker.config.listen).await?;
    let receive = move |request: http::Request| {
        let broker = broker.clone();
        async move { broker.receive(&request).await }
    };
    http::serve(listener, receive).await?;
    Ok(())
}

struct Broker {
    pool: Pool,
    config: BrokerConfig,
}

impl Broker {
    /// Creates the table, and returns the messages that an earlier run still owes. Retries on errors.
    async fn recover(&self) -> Vec<(Envelope, i64)> {
        let mut failures = 0;
        loop {
            match self.owed().await {
                Ok(owed) => return owed,
                Err(error) => {
                    failures += 1;
                    start::wait("recover", failures, &error).await;
                }
            }
        }
    }

    async fn owed(&self) -> Result<Vec<(Envelope, i64)>, sqlx::Error> {
        sqlx::query(SQL.broker_table).execute(&self.pool).await?;
        let rows = sqlx::query(SQL.broker_owed).fetch_all(&self.pool).await?;
        let mut owed = Vec::new();
        for row in rows {
            let envelope: String = row.try_get("envelope")?;
            let envelope = serde_json::from_str(&envelope)
                .map_err(|error| sqlx::Error::Decode(error.into()))?;
            owed.push((envelope, row.try_get("publishes")?));
        }
        Ok(owed)
    }

    /// Accepts or refuses a message.
    async fn receive(self: Arc<Self>, request: &http::Request) -> http::Response {
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&request.body) else {
            return http::Response::new(400, "this is no message");
        };
        let refused_first = self.config.refused_first(&envelope);
        let (publishes, accepted) = match self.remember(&envelope, refused_first).await {
            Ok(known) => known,
            Err(error) => return http::Response::new(503, chain(&error)),
        };
        let (message, attempt) = (&envelope.message_id, envelope.attempt);
        if publishes <= i64::from(refused_first) {
            let said = format!("not yet, this is publish {publishes}");
            observe!(
                "broker.refused",
                message = message,
                attempt = attempt,
                publishes = publishes,
                status = 503,
                said = said
            );
            return http::Response::new(503, said);
        }
        observe!(
            "broker.accepted",
            message = message,
            attempt = attempt,
            publishes = publishes,
            accepted = accepted
        );
        self.owe(envelope, publishes);
        if fail_point!(crate::failpoints::AFTER_ACCEPT).is_err() {
            return http::Response::new(503, "accepted, and then something broke");
        }
        http::Response::new(200, "")
    }

    async fn remember(
        &self,
        envelope: &Envelope,
        refused_first: u32,
    ) -> Result<(i64, i64), sqlx::Error> {
        let text =
            serde_json::to_string(envelope).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let row = sqlx::query(SQL.broker_receive)
            .bind(envelope.message_id.clone())
            .bind(text)
            .bind(i64::from(refused_first))
            .fetch_one(&self.pool)
            .await?;
        Ok((row.try_get("publishes")?, row.try_get("accepted")?))
    }

    /// Delivers a message in the background, until the consumer acknowledges it.
    fn owe(self: Arc<Self>, envelope: Envelope, publishes: i64) {
        if let Some(consumer) = self.config.consumer.clone() {
            task::spawn(async move { self.deliver(&consumer, &envelope, publishes).await });
        }
    }

    async fn deliver(&self, consumer: &str, envelope: &Envelope, publishes: i64) {
        let mut failures = 0;
        while !self.is_delivered(consumer, envelope, publishes).await {
            failures += 1;
            time::sleep(self.config.backoff.after(failures)).await;
        }
    }

    async fn is_delivered(&self, consumer: &str, envelope: &Envelope, publishes: i64) -> bool {
        let Ok(body) = serde_json::to_vec(envelope) else { return true };
        let posted = http::post("bus.deliver", consumer, "/deliver", body);
        let Ok(Ok(response)) = time::timeout(self.config.request_timeout, posted).await else {
            return false;
        };
        // A 4xx answer is final: the message is not delivered again.
        if !response.is_success() && !(400..500).contains(&response.status) {
            return false;
        }
        let acknowledged = sqlx::query(SQL.broker_acknowledge)
            .bind(time::unix_ms())
            .bind(envelope.message_id.clone())
            .bind(publishes)
            .execute(&self.pool)
            .await;
        let (message, status) = (&envelope.message_id, response.status);
        let is_noted = acknowledged.is_ok();
        observe!("broker.delivered", message = message, status = status, noted = is_noted);
        is_noted
    }
}
