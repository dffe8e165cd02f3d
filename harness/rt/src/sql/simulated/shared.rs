//! What the connections of one simulated pool share.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use chaosdrill_core::ErrorKind;
use sqlx::Error;
use tokio::sync::Semaphore;

use crate::sim::{
    database::{Database, Handle},
    host::Here,
    injected_errors,
};

/// A database, the host that uses it, and the idle connections.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) database: Database,
    pub(super) here: Here,
    pub(super) acquire_timeout: Duration,
    pub(super) permits: Arc<Semaphore>,
    pub(super) idle: Mutex<VecDeque<Handle>>,
}

impl Shared {
    /// The error of a client whose connection is lost.
    pub(super) fn reset(&self) -> Error {
        injected_errors::sql(self.database.kind, ErrorKind::Reset)
    }
}
