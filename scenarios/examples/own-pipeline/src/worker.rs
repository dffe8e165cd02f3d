//! A worker: claim, send, settle, for ever.

use std::time::Duration;

use chaosdrill_rt::{fail_point, observe, rng, time};

use crate::{error::Error, mailer, queue::Queue};

/// How a worker works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name, as it stands in the jobs it claims.
    pub name: String,
    /// Where the mailer listens, such as `mailer:80`.
    pub mailer: String,
    /// How long a job is its own.
    pub lease: Duration,
    /// How long it rests, about, when there is nothing to do or something went wrong.
    pub pause: Duration,
}

impl Settings {
    /// The usual settings: a lease of 30 seconds, a pause of one.
    pub fn new(name: impl Into<String>, mailer: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mailer: mailer.into(),
            lease: Duration::from_secs(30),
            pause: Duration::from_secs(1),
        }
    }
}

/// Works through the queue, and goes on for ever.
pub async fn work(queue: Queue, settings: Settings) {
    loop {
        match step(&queue, &settings).await {
            Ok(true) => {}
            Ok(false) => rest(settings.pause).await,
            Err(error) => {
                tracing::warn!(worker = settings.name, %error, "a step failed; its claim will run out");
                rest(settings.pause).await;
            }
        }
    }
}

/// One job; false where there was none to claim.
async fn step(queue: &Queue, settings: &Settings) -> Result<bool, Error> {
    let Some(claim) = queue.claim(&settings.name, settings.lease).await? else { return Ok(false) };
    fail_point!(crate::failpoints::AFTER_CLAIM)?;
    let receipt = mailer::send(&settings.mailer, &claim).await?;
    fail_point!(crate::failpoints::AFTER_SEND)?;
    if !queue.settle(&claim, &receipt).await? {
        observe!("own.settle_refused", job = claim.job, attempt = claim.attempt);
        tracing::warn!(worker = settings.name, job = claim.job, "too late: the claim had run out");
    }
    Ok(true)
}

/// Between half and one and a half of the pause, so that idle workers do not march in step.
async fn rest(pause: Duration) {
    let ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX).max(1);
    time::sleep(Duration::from_millis(ms / 2 + rng::below(ms))).await;
}
