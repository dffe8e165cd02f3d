//! A pool in a simulation.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use chaosdrill_core::request::sql::{Answer, Call, ConnectionId};
use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use sqlx::Error;
use tokio::sync::Semaphore;

use super::{connection::PooledConnection, convert::Step, error, query::Query, shared::Shared};
use crate::{
    sim::{client, host::Here},
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
                url: url.to_owned(),
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
        let idle = std::iter::from_fn(|| shared.pop()).find(|one| client::is_open(*one));
        let connection = match idle {
            Some(connection) => connection,
            None => open(&shared).await?,
        };
        Ok(PooledConnection::new(connection, shared, permit))
    }

    /// Executes a query on one of its connections and reads all of its rows.
    pub(crate) fn fetch_all(
        &self,
        query: Result<Query, Error>,
    ) -> BoxFuture<'_, Result<Vec<Step>, Error>> {
        async move { self.acquire().await?.fetch_all(query).await }.boxed()
    }

    pub(crate) fn close(&self) {
        self.shared.permits.close();
        while let Some(connection) = self.shared.pop() {
            client::close(connection);
        }
    }
}

/// Opens a connection: a step at the database.
async fn open(shared: &Shared) -> Result<ConnectionId, Error> {
    let call = Call::Connect { url: shared.url.clone() };
    match client::sql(shared.here, call).await.map_err(error::of)? {
        Answer::Connection(connection) => Ok(connection),
        other => unreachable!("a connection was asked for, not {other:?}"),
    }
}
