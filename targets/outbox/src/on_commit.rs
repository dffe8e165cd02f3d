//! Publishes on commit: an ingress publishes the messages of its own commits at once, without waiting for a poll.
//!
//! A hint only saves time. If it is lost, because the queue is full or the host crashes, a dispatcher finds the
//! messages at its next poll.

use chaosdrill_rt::{defect, task};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::dispatcher::Dispatcher;

/// Maximum number of commits that wait for their publisher.
const HINTS_MAX: usize = 256;

/// Tells the publisher which messages were just committed.
#[derive(Clone, Debug)]
pub(crate) struct Hints(Sender<Vec<String>>);

impl Hints {
    /// Starts a publisher in the background.
    pub(crate) fn to(dispatcher: Dispatcher) -> Self {
        let (sender, receiver) = mpsc::channel(HINTS_MAX);
        task::spawn(publish(dispatcher, receiver));
        Self(sender)
    }

    /// Hands over the messages of a commit; drops them if the queue is full, because the commit must not wait.
    pub(crate) fn give(&self, messages: Vec<String>) {
        drop(self.0.try_send(messages));
    }
}

async fn publish(dispatcher: Dispatcher, mut hints: Receiver<Vec<String>>) {
    while let Some(messages) = hints.recv().await {
        let messages = defect!("O33", Vec::new(), messages);
        // What was not published stays in the outbox for the dispatchers.
        if let Err(error) = dispatcher.publish_committed(messages).await {
            dispatcher.say_failed(&error);
        }
    }
}
