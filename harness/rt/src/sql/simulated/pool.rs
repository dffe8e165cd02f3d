//! A pool in a simulation.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use chaosdrill_core::trace::vocabulary::site as sites;
use serde_json::Value;
use sqlx::Error;
use tokio::sync::Semaphore;

use super::{connection::PooledConnection, round_trip::round_trip, shared::Shared};
use crate::{
    sim::{
        database::{self, Database, Handle},
        host::Here,
        simulation::with_world,
    },
    sql::PoolOptions,
};

/// A pool of a simulated host.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedPool {
    shared: Arc<Shared>,
}

impl SimulatedPool {
    pub(crate) async fn connect(
        url: &str,
        options: PoolOptions,
        here: Here,
    ) -> Result<Self, Error> {
        let pool = Self {
            shared: Arc::new(Shared {
                database: locate(url)?,
                here,
                acquire_timeout: options.acquire_timeout,
                permits: Arc::new(Semaphore::new(options.connections_max as usize)),
                idle: Mutex::new(VecDeque::new()),
            }),
        };
        drop(pool.acquire().await?);
        Ok(pool)
    }

    pub(crate) async fn acquire(&self) -> Result<PooledConnection, Error> {
        let shared = self.shared.clone();
        let permit = shared.permits.clone().acquire_owned();
        let permit = match crate::time::timeout(shared.acquire_timeout, permit).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(Error::PoolClosed),
            Err(_) => return Err(Error::PoolTimedOut),
        };
        let idle = std::iter::from_fn(|| self.pop()).find(|handle| database::is_open(*handle));
        let handle = match idle {
            Some(handle) => handle,
            None => open(&shared).await?,
        };
        Ok(PooledConnection::new(handle, shared, permit))
    }

    fn pop(&self) -> Option<Handle> {
        self.shared.idle.lock().expect("nothing panics while it holds the idle list").pop_front()
    }

    pub(crate) fn close(&self) {
        self.shared.permits.close();
        while let Some(handle) = self.pop() {
            database::close(handle);
        }
    }
}

/// Finds the database of a URL.
fn locate(url: &str) -> Result<Database, Error> {
    let found = with_world(|world| world.locate_database(url));
    let (machine, kind, key) = found.map_err(|why| Error::Configuration(why.into()))?;
    Ok(Database { machine, kind, key })
}

/// Opens a connection: a round trip to the database host.
async fn open(shared: &Shared) -> Result<Handle, Error> {
    let site = sites::SQL_CONNECT;
    let open = || database::open(&shared.database, shared.here.host);
    round_trip(shared, site, Value::Null, None, open, |_| Value::Null).await
}
