//! Publishes on commit: an ingress publishes the messages of its own commits at once, without waiting for a poll.
//!
//! A hint only saves time. If it is lost, because the queue is full or the host crashes, a dispatcher finds the
//! messages at its next poll.

use chaosdrill_rt::{defect, task};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::dispatcher::Dispatcher;

/// Tells the publisher which messages were just committed.
#[derive(Clone, Debug)]
pub(crate) struct Hints(Sender<Vec<String>>);

impl Hints {
    /// Starts a publisher in the background, for which at most so many commits wait.
    pub(crate) fn to(dispatcher: Dispatcher, hints_max: usize) -> Self {
        let (sender, receiver) = mpsc::channel(hints_max.max(1));
        task::spawn(publish(dispatcher, receiver));
        Self(sender)
    }

    /// Hands over the messages of a commit; drops them if the queue is full, because the commit must not wait.
    pub(crate) fn give(&self, messages: Vec<String>) {
        drop(self.0.try_send(messages));
    }
}

#[cfg(feature = "defects")]
impl Hints {
    /// Waits for room in the queue: only a planted bug makes a commit wait.
    pub(crate) async fn give_wrong(&self, messages: Vec<String>) {
        drop(self.0.send(messages).await);
    }
}

async fn publish(dispatcher: Dispatcher, mut hints: Receiver<Vec<String>>) {
    while let Some(messages) = hints.recv().await {
        let messages = defect!("O33", Vec::new(), messages);
        let messages = defect!("O69", messages.into_iter().take(1).collect(), messages);
        // What was not published stays in the outbox for the dispatchers.
        if let Err(error) = dispatcher.publish_committed(messages).await {
            dispatcher.say_failed(&error);
        }
    }
}
