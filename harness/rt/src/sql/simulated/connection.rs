//! A connection in a simulation: each statement is a step at the database.

use std::sync::Arc;

use chaosdrill_core::{
    request::sql::{Answer, Call, ConnectionId, Description, Part, Statement},
    trace::vocabulary::site as sites,
};
use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use sqlx::{Any, Error, SqlStr, any::AnyStatement};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    convert::{self, Step},
    error,
    query::Query,
    shared::Shared,
};
use crate::{
    sim::{client, handle},
    sql::site,
};

/// A connection of a simulated host. It returns to its pool when dropped.
#[derive(Debug)]
pub(crate) struct PooledConnection {
    pub(super) id: ConnectionId,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for PooledConnection {
    /// Rolls back an unfinished transaction at once, as the loss of its connection would.
    fn drop(&mut self) {
        let is_alive = handle::is_alive(self.shared.here);
        if is_alive && client::release(self.id) && !self.shared.permits.is_closed() {
            self.shared.keep(self.id);
        }
    }
}

impl PooledConnection {
    pub(super) fn new(id: ConnectionId, shared: Arc<Shared>, permit: OwnedSemaphorePermit) -> Self {
        Self { id, shared, _permit: permit }
    }

    /// Takes a step at the database.
    pub(super) async fn take(&mut self, call: Call) -> Result<Answer, Error> {
        client::sql(self.shared.here, call).await.map_err(error::of)
    }

    /// Executes a statement and reads all of its rows.
    pub(super) async fn execute(
        &mut self,
        site: String,
        statement: Statement,
    ) -> Result<Vec<Part>, Error> {
        parts(self.take(Call::Execute { connection: self.id, site, statement }).await?)
    }

    /// Executes a statement that begins or ends a transaction.
    pub(crate) async fn transaction_step(
        &mut self,
        name: &str,
        word: &str,
        sql: &str,
    ) -> Result<(), Error> {
        let statement = Statement { sql: sql.to_owned(), arguments: None };
        self.execute(sites::transaction_step(name, word), statement).await.map(drop)
    }

    /// The clock of the database's machine, which is never skewed.
    pub(crate) async fn unix_ms(&mut self) -> Result<i64, Error> {
        match self.take(Call::Clock { connection: self.id }).await? {
            Answer::UnixMs(ms) => Ok(ms),
            other => unreachable!("the clock was asked for, not {other:?}"),
        }
    }

    /// Executes a query and reads all of its rows.
    pub(crate) fn fetch_all<'e, 'c: 'e>(
        &'c mut self,
        query: Result<Query, Error>,
    ) -> BoxFuture<'e, Result<Vec<Step>, Error>> {
        async move {
            let Query { site, statement } = query?;
            Ok(convert::of_parts(self.execute(site, statement).await?))
        }
        .boxed()
    }

    pub(crate) fn prepare<'e, 'c: 'e>(
        &'c mut self,
        sql: SqlStr,
    ) -> BoxFuture<'e, Result<AnyStatement, Error>> {
        async move {
            let description = self.about(&sql, "prepare").await?;
            Ok(convert::of_description(sql, description))
        }
        .boxed()
    }

    pub(crate) fn describe<'e, 'c: 'e>(
        &'c mut self,
        sql: SqlStr,
    ) -> BoxFuture<'e, Result<sqlx::Describe<Any>, Error>> {
        async move { self.about(&sql, "describe").await.map(convert::to_describe) }.boxed()
    }

    /// Asks the database about a statement; the question is a step of its own.
    async fn about(&mut self, sql: &SqlStr, word: &str) -> Result<Description, Error> {
        let site = format!("{}.{word}", site::of_statement(sql.as_str()));
        let sql = sql.as_str().to_owned();
        match self.take(Call::Describe { connection: self.id, site, sql }).await? {
            Answer::Description(description) => Ok(description),
            other => unreachable!("a description was asked for, not {other:?}"),
        }
    }
}

/// The results of statements.
pub(super) fn parts(answer: Answer) -> Result<Vec<Part>, Error> {
    match answer {
        Answer::Parts(parts) => Ok(parts),
        other => unreachable!("results were asked for, not {other:?}"),
    }
}
