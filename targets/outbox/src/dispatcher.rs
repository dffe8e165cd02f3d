//! The dispatcher: publishes the messages of the outbox to the broker, at least once.

use chaosdrill_kit::{Backoff, Program, chain};
use chaosdrill_rt::{
    defect, fail_point, http, observe,
    sql::Pool,
    time::{self, Duration},
};

use crate::{
    BoxError,
    error::RepositoryError,
    outbox::{Candidate, Claim, Outbox},
    start,
    wire::Envelope,
};

/// The configuration of a dispatcher.
#[derive(Clone, Debug)]
pub struct DispatcherConfig {
    /// Its name in claims; a restart keeps it.
    pub worker: String,
    /// The database of the outbox.
    pub database_url: String,
    /// The address of the broker, such as `broker:80`.
    pub broker: String,
    /// How long it waits after a batch that was not full.
    pub poll: Duration,
    /// Maximum number of messages per batch.
    pub batch: u32,
    /// How long a claim is valid.
    pub lease: Duration,
    /// Maximum number of claims before a message is given up.
    pub attempts_max: u32,
    /// The waits after errors of the store, and between attempts to publish one message.
    pub backoff: Backoff,
    /// How long it waits for the broker's answer.
    pub request_timeout: Duration,
}

impl DispatcherConfig {
    /// The defaults: a poll each second, 32 messages at once, a lease of 30 s, 30 attempts.
    pub fn new(
        worker: impl Into<String>,
        database_url: impl Into<String>,
        broker: impl Into<String>,
    ) -> Self {
        Self {
            worker: worker.into(),
            database_url: database_url.into(),
            broker: broker.into(),
            poll: Duration::from_secs(1),
            batch: 32,
            lease: Duration::from_secs(30),
            attempts_max: 30,
            backoff: Backoff::default(),
            request_timeout: Duration::from_secs(5),
        }
    }

    /// The defaults for the messages of an ingress's own commits: a lease of 5 s, because they are published at once.
    pub fn on_commit(
        worker: impl Into<String>,
        database_url: impl Into<String>,
        broker: impl Into<String>,
    ) -> Self {
        Self {
            lease: Duration::from_secs(5),
            request_timeout: Duration::from_secs(2),
            ..Self::new(worker, database_url, broker)
        }
    }
}

/// Why a publish failed. The broker may have the message nevertheless.
#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error("the broker did not answer within {0:?}")]
    TimedOut(Duration),
    #[error("the broker cannot be reached")]
    Transport(#[source] std::io::Error),
    #[error("the broker answered {status}")]
    Refused { status: u16, source: Said },
    #[error("the message cannot be written")]
    Encode(#[source] serde_json::Error),
}

/// What the broker said when it refused a message.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

impl PublishError {
    /// Whether the broker will never accept this message.
    fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 422, .. } | Self::Encode(_))
    }
}

/// Runs a dispatcher forever.
///
/// # Errors
///
/// Fails only if it cannot start: the schema of the database is not the one of this release.
pub fn run_dispatcher(config: DispatcherConfig) -> Program<'static> {
    Box::pin(dispatcher(config))
}

async fn dispatcher(config: DispatcherConfig) -> Result<(), BoxError> {
    let dispatcher = Dispatcher::new(start::open(&config.database_url).await?, config)?;
    let mut failures = 0;
    loop {
        let rest = match defect!("O34", Ok(0), dispatcher.pass().await) {
            Ok(claimed) => {
                failures = 0;
                // After a full batch, more messages are likely.
                if claimed < dispatcher.config.batch as usize {
                    dispatcher.config.poll
                } else {
                    defect!("O71", dispatcher.config.poll, Duration::ZERO)
                }
            }
            Err(error) => {
                failures += 1;
                dispatcher.say_failed(&error);
                dispatcher.config.backoff.after(failures)
            }
        };
        time::sleep(rest).await;
    }
}

/// A dispatcher, connected to its outbox.
pub(crate) struct Dispatcher {
    outbox: Outbox,
    config: DispatcherConfig,
}

impl Dispatcher {
    /// Creates a dispatcher on a database whose schema is up to date.
    pub(crate) fn new(pool: Pool, config: DispatcherConfig) -> Result<Self, BoxError> {
        let DispatcherConfig { worker, lease, attempts_max, backoff, .. } = config.clone();
        Ok(Self { outbox: Outbox::new(pool, worker, lease, attempts_max, backoff)?, config })
    }

    /// Publishes the messages of one commit that no other worker has claimed meanwhile.
    pub(crate) async fn publish_committed(
        &self,
        messages: Vec<String>,
    ) -> Result<(), RepositoryError> {
        for message in messages {
            let candidate = Candidate { message, is_lapsed: false, attempts: 0 };
            if let Some(claim) = self.outbox.claim(&candidate).await? {
                self.dispatch_all(&[claim]).await?;
            }
        }
        Ok(())
    }

    /// Reports an error that ended a pass.
    pub(crate) fn say_failed(&self, error: &RepositoryError) {
        observe!(
            "dispatcher.pass_failed",
            worker = self.config.worker,
            error = chain(error),
            cause = error.cause(),
            kind = error.kind().name()
        );
    }

    /// Claims a batch, dispatches it, and returns the number of claimed messages. An error of the store ends the pass;
    /// the rest of the batch stays leased until its leases expire.
    async fn pass(&self) -> Result<usize, RepositoryError> {
        let mut claims = Vec::new();
        for candidate in self.outbox.claimable(self.config.batch).await? {
            let is_exhausted = self.outbox.is_exhausted(candidate.attempts);
            if defect!("O17b", is_exhausted && !candidate.is_lapsed, is_exhausted) {
                self.outbox.bury(&candidate).await?;
            } else {
                claims.extend(self.outbox.claim(&candidate).await?);
            }
        }
        self.dispatch_all(defect!("O66", wrong_batch(&claims), &claims)).await?;
        Ok(claims.len())
    }

    async fn dispatch_all(&self, claims: &[Claim]) -> Result<(), RepositoryError> {
        // The time that an answer may take, but at most half of the lease.
        let needed = self.config.request_timeout.min(self.config.lease / 2);
        for claim in claims {
            let left_ms = claim.until_ms.saturating_sub(time::unix_ms());
            if u128::try_from(left_ms).unwrap_or(0) <= needed.as_millis() {
                // The answer might come too late to settle the message: another worker takes it over instead.
                observe!("dispatcher.left", message = claim.message, worker = self.config.worker);
                continue;
            }
            match self.dispatch(claim).await {
                // Another worker took the message over while it was being published, and will settle it.
                Ok(()) | Err(RepositoryError::InvalidState { .. }) => {}
                Err(error) => return Err(error),
            }
            fail_point!(crate::failpoints::AFTER_SETTLE)?;
        }
        Ok(())
    }

    async fn dispatch(&self, claim: &Claim) -> Result<(), RepositoryError> {
        fail_point!(crate::failpoints::AFTER_CLAIM)?;
        let envelope = match &claim.envelope {
            Ok(envelope) => envelope,
            Err(error) => {
                let why = defect!("O58", error.to_string(), chain(error));
                return self.give_up_corrupt(claim, &why).await;
            }
        };
        defect!("O26", drop(self.publish(envelope).await), ());
        let published = defect!(
            "O6",
            self.publish(envelope).await.or(Ok::<(), PublishError>(())),
            self.publish(envelope).await
        );
        match published {
            Ok(()) => {
                observe!(
                    "outbox.published",
                    message = claim.message,
                    worker = self.config.worker,
                    attempt = claim.attempt
                );
                fail_point!(crate::failpoints::AFTER_PUBLISH)?;
                let completed = self.outbox.complete(claim).await;
                defect!(
                    "O7b",
                    if completed.is_err() {
                        return self.outbox.fail(claim, "it could not be settled").await;
                    },
                    ()
                );
                completed
            }
            Err(error) => {
                fail_point!(crate::failpoints::AFTER_REFUSAL)?;
                self.record_failure(claim, &error).await
            }
        }
    }

    /// Records that a message was not published, and why.
    async fn record_failure(
        &self,
        claim: &Claim,
        error: &PublishError,
    ) -> Result<(), RepositoryError> {
        let why = defect!("O58", error.to_string(), chain(error));
        observe!(
            "outbox.publish_failed",
            message = claim.message,
            worker = self.config.worker,
            attempt = claim.attempt,
            error = why
        );
        defect!("O27", return Ok(()), ());
        let why = defect!("O28", why.get(..why.len() / 2).unwrap_or_default(), why.as_str());
        if error.is_permanent() {
            self.outbox.fail(claim, why).await
        } else {
            self.outbox.record_failure(claim, why).await
        }
    }

    /// Gives up a message that cannot be decoded: no retry helps.
    async fn give_up_corrupt(&self, claim: &Claim, why: &str) -> Result<(), RepositoryError> {
        let (message, worker) = (&claim.message, &self.config.worker);
        observe!("outbox.corrupt", message = message, worker = worker, error = why);
        defect!("O19", self.outbox.complete(claim).await, self.outbox.fail(claim, why).await)
    }

    async fn publish(&self, envelope: &Envelope) -> Result<(), PublishError> {
        let body = serde_json::to_vec(envelope).map_err(PublishError::Encode)?;
        let timeout = self.config.request_timeout;
        let posted = http::post("bus.publish", &self.config.broker, "/publish", body);
        let response = time::timeout(timeout, posted)
            .await
            .map_err(|_| PublishError::TimedOut(timeout))?
            .map_err(PublishError::Transport)?;
        if response.is_success() {
            return Ok(());
        }
        let source = Said(String::from_utf8_lossy(&response.body).into_owned());
        Err(PublishError::Refused { status: response.status, source })
    }
}

/// All claims but the last, if there are several: only a planted bug leaves one out.
#[cfg(feature = "defects")]
fn wrong_batch(claims: &[Claim]) -> &[Claim] {
    claims.split_last().map(|(_, others)| others).filter(|them| !them.is_empty()).unwrap_or(claims)
}
