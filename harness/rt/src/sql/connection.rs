//! One connection to a database, real or simulated.

use either::Either;
use futures_core::{future::BoxFuture, stream::BoxStream};
use sqlx::{
    Any, Error, Execute, Executor, SqlStr,
    any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
    pool::PoolConnection,
};

use crate::sql::Dialect;
#[cfg(feature = "sim")]
use crate::sql::simulated;

/// A connection to the database; `&mut Connection` is an sqlx executor.
#[derive(Debug)]
pub struct Connection {
    pub(crate) inner: Inner,
    pub(crate) dialect: Dialect,
}

#[derive(Debug)]
pub(crate) enum Inner {
    Pooled(PoolConnection<Any>),
    Transaction(sqlx::Transaction<'static, Any>),
    #[cfg(feature = "sim")]
    Simulated(simulated::PooledConnection),
}

impl Connection {
    /// The SQL dialect of the database.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The database's clock, in milliseconds since 1970. All programs that share the database share this clock, however
    /// wrong their own clocks are.
    ///
    /// # Errors
    ///
    /// Returns the database's error.
    pub fn unix_ms(&mut self) -> BoxFuture<'_, Result<i64, Error>> {
        Box::pin(async move {
            #[cfg(feature = "sim")]
            if let Inner::Simulated(connection) = &mut self.inner {
                return connection.unix_ms().await;
            }
            sqlx::query_scalar(self.dialect.clock()).fetch_one(self).await
        })
    }
}

impl<'c> Executor<'c> for &'c mut Connection {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match &mut self.inner {
            Inner::Pooled(connection) => (&mut **connection).fetch_many(query),
            Inner::Transaction(transaction) => (&mut **transaction).fetch_many(query),
            #[cfg(feature = "sim")]
            Inner::Simulated(connection) => {
                simulated::stream_of(connection.fetch_all(simulated::Query::of(query)))
            }
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match &mut self.inner {
            Inner::Pooled(connection) => (&mut **connection).fetch_optional(query),
            Inner::Transaction(transaction) => (&mut **transaction).fetch_optional(query),
            #[cfg(feature = "sim")]
            Inner::Simulated(connection) => {
                simulated::first_of(connection.fetch_all(simulated::Query::of(query)))
            }
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        match &mut self.inner {
            Inner::Pooled(connection) => (&mut **connection).prepare_with(sql, parameters),
            Inner::Transaction(transaction) => (&mut **transaction).prepare_with(sql, parameters),
            #[cfg(feature = "sim")]
            Inner::Simulated(connection) => connection.prepare(sql),
        }
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<sqlx::Describe<Any>, Error>>
    where
        'c: 'e,
    {
        match &mut self.inner {
            Inner::Pooled(connection) => (&mut **connection).describe(sql),
            Inner::Transaction(transaction) => (&mut **transaction).describe(sql),
            #[cfg(feature = "sim")]
            Inner::Simulated(connection) => connection.describe(sql),
        }
    }
}
