//! The consumer: applies each message once, with a receipt in the same transaction as the effect.

use std::sync::Arc;

use chaosdrill_kit::{Program, chain};
use chaosdrill_rt::{
    defect, fail_point, http,
    net::TcpListener,
    observe,
    sql::{Connection, Pool},
    time::{self, Duration},
};

use crate::{
    BoxError,
    error::{HandlerError, RepositoryError, RetryClass, storage},
    event::Event,
    sql::{self, Sql},
    start,
    turns::Turns,
    wire::Envelope,
};

/// The configuration of a consumer.
#[derive(Clone, Debug)]
pub struct ConsumerConfig {
    /// The name on its receipts.
    pub name: String,
    /// The database of its totals and its inbox; any database with the schema of this release.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// Maximum wait of a delivery for another one of the same message.
    pub turn_wait_max: Duration,
}

impl ConsumerConfig {
    /// The defaults: listens on port 80, and a delivery waits at most 5 s for another one of the same message.
    pub fn new(name: impl Into<String>, database_url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            database_url: database_url.into(),
            listen: "0.0.0.0:80".into(),
            turn_wait_max: Duration::from_secs(5),
        }
    }
}

/// Runs a consumer forever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_consumer(config: ConsumerConfig) -> Program<'static> {
    Box::pin(consumer(config))
}

async fn consumer(config: ConsumerConfig) -> Result<(), BoxError> {
    let pool = start::open(&config.database_url).await?;
    let sql = sql::of(&pool)?;
    let listener = TcpListener::bind("consumer", &config.listen).await?;
    let turns = Turns::new(config.turn_wait_max);
    let consumer = Arc::new(Consumer { pool, sql, turns, name: config.name });
    let receive = move |request: http::Request| {
        let consumer = consumer.clone();
        async move { consumer.receive(&request).await }
    };
    http::serve(listener, receive).await?;
    Ok(())
}

struct Consumer {
    pool: Pool,
    sql: &'static Sql,
    turns: Turns,
    name: String,
}

impl Consumer {
    /// Answers 200 if no further delivery is needed, 422 if the message was given up, 503 if it should be retried.
    async fn receive(&self, request: &http::Request) -> http::Response {
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&request.body) else {
            return http::Response::new(400, "this is no message");
        };
        let message = &envelope.message_id;
        // A redelivery waits for the first delivery to end: the first applies the message, the second finds the
        // receipt.
        let Ok(_turn) = self.turns.take(message).await else {
            return http::Response::new(503, "the message is being applied");
        };
        match self.apply(&envelope).await {
            Ok(is_new) => {
                let what = if is_new { "consumer.applied" } else { "consumer.duplicate" };
                observe!(what, message = message, account = envelope.source_id);
                http::Response::new(if is_new { 200 } else { defect!("O18b", 503, 200) }, "")
            }
            Err(error) => {
                let why = defect!("O58", error.to_string(), chain(&error));
                observe!("consumer.failed", message = message, error = why, cause = error.cause());
                match error.transport_error_kind() {
                    RetryClass::Retryable => http::Response::new(503, why),
                    RetryClass::Permanent => self.give_up(message, &why).await,
                }
            }
        }
    }

    /// Applies a message; `false` if it was applied before.
    async fn apply(&self, envelope: &Envelope) -> Result<bool, HandlerError> {
        let begin = || self.pool.begin("consume");
        let mut tx = begin().await.map_err(storage("begin to consume"))?;
        let received = sqlx::query(self.sql.inbox_receive)
            .bind(self.name.clone())
            .bind(envelope.message_id.clone())
            .bind(time::unix_ms())
            .execute(&mut *tx)
            .await
            .map_err(storage("write the receipt"))?;
        let is_new = defect!("O7", true, received.rows_affected() == 1);
        if !is_new {
            return Ok(false);
        }
        let mut tx = defect!(
            "O18",
            {
                tx.commit().await.map_err(storage("commit the receipt"))?;
                begin().await.map_err(storage("begin the effect"))?
            },
            tx
        );
        self.effect(&mut tx, envelope).await?;
        fail_point!(crate::failpoints::AFTER_EFFECT).map_err(RepositoryError::from)?;
        tx.commit().await.map_err(storage("commit the effect"))?;
        Ok(true)
    }

    async fn effect(
        &self,
        connection: &mut Connection,
        envelope: &Envelope,
    ) -> Result<(), HandlerError> {
        let event = Event::decode(&envelope.event_type, &envelope.codec, &envelope.payload)?;
        let note = match &event {
            Event::Annotated { note } => Some(note.clone()),
            Event::Opened { .. } | Event::Deposited { .. } | Event::Withdrawn { .. } => None,
        };
        sqlx::query(self.sql.totals_apply)
            .bind(envelope.source_id.clone())
            .bind(event.movement())
            .bind(note)
            .execute(connection)
            .await
            .map_err(storage("apply the effect"))?;
        Ok(())
    }

    /// Marks a message that can never be applied as dead in the inbox, with the reason.
    async fn give_up(&self, message: &str, why: &str) -> http::Response {
        let stored = defect!("O28b", why.get(..why.len() / 2).unwrap_or_default(), why);
        let put_aside = sqlx::query(self.sql.inbox_dead_letter)
            .bind(self.name.clone())
            .bind(message.to_owned())
            .bind(stored.to_owned())
            .bind(time::unix_ms())
            .execute(&self.pool)
            .await;
        match put_aside {
            Ok(_) => {
                observe!("consumer.dead_lettered", message = message, error = why);
                http::Response::new(422, why)
            }
            // Whatever the error is, the message must not be lost: it is delivered again.
            Err(error) => {
                observe!("consumer.give_up_failed", message = message, error = chain(&error));
                http::Response::new(defect!("O70", 422, 503), chain(&error))
            }
        }
    }
}
