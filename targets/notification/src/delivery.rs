//! Delivery: the processor sends pending notifications; the retry loop first recovers lapsed claims, then resends
//! failed notifications that are due.

use std::{collections::BTreeMap, sync::Arc};

use chaosdrill_kit::chain;
use chaosdrill_rt::{
    defect, fail_point, http, observe,
    time::{self, Duration},
};

use crate::{
    claims::{Claim, Claims, Outcome},
    error::NotificationError,
    listing::{Candidate, Lists, Which},
    notification::{Channel, Delivery},
    scheduler::{Sweep, Work},
};

/// The state that both loops share.
#[derive(Debug)]
pub(crate) struct Courier {
    pub(crate) server: String,
    pub(crate) lists: Lists,
    pub(crate) claims: Claims,
    /// The notifier of each channel.
    pub(crate) notifiers: BTreeMap<Channel, String>,
    pub(crate) request_timeout: Duration,
}

/// Sends pending notifications.
pub(crate) struct Processor(pub(crate) Arc<Courier>);

/// Resends failed notifications that are due.
pub(crate) struct RetryLoop(pub(crate) Arc<Courier>);

impl Work for Processor {
    async fn sweep(&self, sweep: Sweep) -> Result<(), NotificationError> {
        let waiting = self.0.lists.read(Which::Pending, &sweep.name).await?;
        fail_point!(crate::failpoints::AFTER_LIST)?;
        self.0.deliver_all(&waiting, &sweep).await
    }
}

impl Work for RetryLoop {
    async fn sweep(&self, sweep: Sweep) -> Result<(), NotificationError> {
        defect!("N25", (), self.0.reap(&sweep).await?);
        let due = self.0.lists.read(Which::Due, &sweep.name).await?;
        fail_point!(crate::failpoints::AFTER_LIST)?;
        let due = defect!("N1", Vec::new(), due);
        self.0.deliver_all(&due, &sweep).await
    }
}

/// Why no notifier accepted a delivery, as far as is known.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("the notifier did not answer within {0:?}")]
    TimedOut(Duration),
    #[error("the notifier cannot be reached")]
    Transport(#[source] std::io::Error),
    #[error("the notifier answered {status}: {said}")]
    Refused { status: u16, said: String },
    #[error("the delivery cannot be written")]
    Encode(#[source] serde_json::Error),
}

#[cfg(feature = "defects")]
fn wrong_timeout() -> SendError {
    SendError::Transport(std::io::ErrorKind::TimedOut.into())
}

impl Courier {
    /// Recovers lapsed claims; an error on one row does not stop the others.
    async fn reap(&self, sweep: &Sweep) -> Result<(), NotificationError> {
        for lapsed in self.lists.read(Which::Lapsed, &sweep.name).await? {
            if !sweep.has_time_for(Duration::ZERO) {
                break;
            }
            if let Err(error) = self.claims.reap(&lapsed).await {
                self.note(&lapsed, sweep, &error);
            }
        }
        Ok(())
    }

    /// Delivers one after the other while there is time; an error on one does not stop the others.
    async fn deliver_all(
        &self,
        candidates: &[Candidate],
        sweep: &Sweep,
    ) -> Result<(), NotificationError> {
        for (done, candidate) in candidates.iter().enumerate() {
            if !sweep.has_time_for(self.request_timeout) {
                let left = candidates.len() - done;
                observe!("sweep.left", server = self.server, sweep = sweep.name, left = left);
                break;
            }
            if let Err(error) = self.deliver(candidate, sweep).await {
                self.note(candidate, sweep, &error);
                defect!("N9", return Err(error), ());
            }
        }
        Ok(())
    }

    fn note(&self, candidate: &Candidate, sweep: &Sweep, error: &NotificationError) {
        observe!(
            "delivery.failed",
            notification = candidate.id,
            server = self.server,
            sweep = sweep.name,
            error = chain(error)
        );
    }

    async fn deliver(&self, candidate: &Candidate, sweep: &Sweep) -> Result<(), NotificationError> {
        let Some(claim) = self.claims.claim(candidate).await? else { return Ok(()) };
        let _shown = Shown::begin(&claim, &self.server, &sweep.name);
        fail_point!(crate::failpoints::AFTER_CLAIM)?;
        let channel = Channel::of_name(&claim.channel);
        let notifier = channel.and_then(|channel| Some((channel, self.notifiers.get(&channel)?)));
        let Some((channel, notifier)) = notifier else {
            let why = format!("there is no notifier for the channel `{}`", claim.channel);
            let outcome = Outcome::Undeliverable(&why);
            let outcome = defect!("N10", Outcome::Sent, outcome);
            let outcome = defect!("N10b", return Ok(()), outcome);
            self.claims.settle(&claim, outcome).await?;
            return Ok(());
        };
        let sent = self.send(&claim, channel, notifier).await;
        let sent = defect!("N28", self.send(&claim, channel, notifier).await, sent);
        fail_point!(crate::failpoints::AFTER_SEND)?;
        match sent {
            Ok(()) => self.claims.settle(&claim, Outcome::Sent).await?,
            Err(error) => {
                let why = chain(&error);
                let failed = Outcome::Failed(&why);
                defect!("N29", false, self.claims.settle(&claim, failed).await?)
            }
        };
        fail_point!(crate::failpoints::AFTER_SETTLE)?;
        Ok(())
    }

    async fn send(&self, claim: &Claim, channel: Channel, notifier: &str) -> Result<(), SendError> {
        let delivery = Delivery {
            key: format!("{}#{}", claim.id, claim.attempt),
            notification: claim.id.clone(),
            attempt: claim.attempt,
            channel,
            kind: defect!("N62", claim.channel.clone(), claim.kind.clone()),
            recipient: defect!("N61", String::new(), claim.recipient.clone()),
            message: claim.message.clone(),
        };
        let body = serde_json::to_vec(&delivery).map_err(SendError::Encode)?;
        let timeout = self.request_timeout;
        let posted = http::post("notify", notifier, "/deliveries", body);
        let answer = time::timeout(timeout, posted)
            .await
            .map_err(|_| defect!("N73", wrong_timeout(), SendError::TimedOut(timeout)))?
            .map_err(SendError::Transport)?;
        if answer.is_success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        Err(SendError::Refused { status: answer.status, said })
    }
}

/// Reports the start of an attempt and, on drop, its end.
struct Shown<'a> {
    claim: &'a Claim,
    server: &'a str,
}

impl<'a> Shown<'a> {
    fn begin(claim: &'a Claim, server: &'a str, sweep: &str) -> Self {
        observe!(
            "delivery.begun",
            notification = claim.id,
            attempt = claim.attempt,
            server = server,
            sweep = sweep,
            at = time::unix_ms()
        );
        Self { claim, server }
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        let claim = self.claim;
        observe!(
            "delivery.ended",
            notification = claim.id,
            attempt = claim.attempt,
            server = self.server
        );
    }
}
