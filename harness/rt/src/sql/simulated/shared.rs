//! What the connections of one simulated pool share.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use chaosdrill_core::request::sql::ConnectionId;
use tokio::sync::Semaphore;

use crate::sim::host::Here;

/// A database, the host that uses it, and the idle connections.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) url: String,
    pub(super) here: Here,
    pub(super) acquire_timeout: Duration,
    pub(super) permits: Arc<Semaphore>,
    pub(super) idle: Mutex<VecDeque<ConnectionId>>,
}

impl Shared {
    /// Keeps a connection for the next user.
    pub(super) fn keep(&self, connection: ConnectionId) {
        self.idle
            .lock()
            .expect("nothing panics while it holds the idle list")
            .push_back(connection);
    }

    /// Takes the connection that was kept first.
    pub(super) fn pop(&self) -> Option<ConnectionId> {
        self.idle.lock().expect("nothing panics while it holds the idle list").pop_front()
    }
}
