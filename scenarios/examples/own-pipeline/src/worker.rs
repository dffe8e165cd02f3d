//! A worker: claim, send, settle, repeat.

use std::time::Duration;

use chaosdrill_rt::{fail_point, observe, rng, time};

use crate::{error::Error, mailer, queue::Queue};

/// The settings of a worker.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The worker's name, as recorded in the jobs it claims.
    pub name: String,
    /// The address of the mailer, such as `mailer:80`.
    pub mailer: String,
    /// How long a claim lasts.
    pub lease: Duration,
    /// The approximate pause after an error, or if there is no job to claim.
    pub pause: Duration,
}

impl Settings {
    /// The default settings: a lease of 30 seconds, a pause of one second.
    pub fn new(name: impl Into<String>, mailer: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mailer: mailer.into(),
            lease: Duration::from_secs(30),
            pause: Duration::from_secs(1),
        }
    }
}

/// Works through the queue, and never returns.
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

/// Handles one job; `false` if there was no job to claim.
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

/// Sleeps for between half and one and a half times the pause, so that idle workers do not synchronize.
async fn rest(pause: Duration) {
    let ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX).max(1);
    time::sleep(Duration::from_millis(ms / 2 + rng::below(ms))).await;
}
