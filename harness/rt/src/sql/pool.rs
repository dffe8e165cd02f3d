//! A pool of connections to one database.
//!
//! Its futures are boxed, as many of sqlx's are. The body of an `async fn` is compiled again in every crate that awaits
//! it.

use std::time::Duration;

#[cfg(feature = "sim")]
use chaosdrill_core::trace::vocabulary::site as sites;
use either::Either;
use futures_core::{future::BoxFuture, stream::BoxStream};
#[cfg(feature = "sim")]
use futures_util::FutureExt;
use sqlx::{
    Any, AnyPool, Error, Execute, Executor, SqlStr,
    any::{AnyPoolOptions, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
    migrate::{MigrateError, Migrator},
};

#[cfg(feature = "sim")]
use crate::sql::simulated;
use crate::sql::{
    Connection, Dialect, Transaction, TransactionMode, connection::Inner as ConnectionInner,
};

/// The options of a pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolOptions {
    /// The maximum number of open connections.
    pub connections_max: u32,
    /// How long a caller waits for a connection before [`Error::PoolTimedOut`].
    pub acquire_timeout: Duration,
}

impl Default for PoolOptions {
    /// Ten connections and thirty seconds, the defaults of sqlx.
    fn default() -> Self {
        Self { connections_max: 10, acquire_timeout: Duration::from_secs(30) }
    }
}

/// A pool of connections; cheap to clone. `&Pool` is an sqlx executor.
#[derive(Clone, Debug)]
pub struct Pool {
    inner: Inner,
    dialect: Dialect,
}

#[derive(Clone, Debug)]
enum Inner {
    Real(AnyPool),
    #[cfg(feature = "sim")]
    Simulated(simulated::SimulatedPool),
}

impl Pool {
    /// Connects to the database of a URL with the default options.
    ///
    /// # Errors
    ///
    /// Returns sqlx's error from the first connection.
    pub fn connect(url: &str) -> BoxFuture<'_, Result<Self, Error>> {
        Self::connect_with(url, PoolOptions::default())
    }

    /// Connects to the database of a URL.
    ///
    /// # Errors
    ///
    /// Returns sqlx's error from the first connection.
    pub fn connect_with(url: &str, options: PoolOptions) -> BoxFuture<'_, Result<Self, Error>> {
        Box::pin(async move {
            let dialect = Dialect::of_url(url)?;
            #[cfg(feature = "sim")]
            if let Some(here) = crate::sim::context::here() {
                let pool = simulated::SimulatedPool::connect(url, options, here).await?;
                return Ok(Self { inner: Inner::Simulated(pool), dialect });
            }
            sqlx::any::install_default_drivers();
            let pool = AnyPoolOptions::new()
                .max_connections(options.connections_max)
                .acquire_timeout(options.acquire_timeout)
                .connect(url)
                .await?;
            Ok(Self { inner: Inner::Real(pool), dialect })
        })
    }

    /// The SQL dialect of the database.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Acquires a connection. It is released when dropped.
    ///
    /// # Errors
    ///
    /// Returns [`Error::PoolTimedOut`], or the error of opening a connection.
    pub fn acquire(&self) -> BoxFuture<'_, Result<Connection, Error>> {
        Box::pin(async move {
            let inner = match &self.inner {
                Inner::Real(pool) => ConnectionInner::Pooled(pool.acquire().await?),
                #[cfg(feature = "sim")]
                Inner::Simulated(pool) => ConnectionInner::Simulated(pool.acquire().await?),
            };
            Ok(Connection { inner, dialect: self.dialect })
        })
    }

    /// Begins a transaction that will write. `name` names its boundaries, as in `sql:NAME.commit`.
    ///
    /// # Errors
    ///
    /// Like [`Pool::acquire`]; also returns the database's error if it refuses to begin.
    pub fn begin(&self, name: &'static str) -> BoxFuture<'_, Result<Transaction, Error>> {
        self.begin_as(TransactionMode::Write, name)
    }

    /// Like [`Pool::begin`], in another mode.
    ///
    /// # Errors
    ///
    /// Like [`Pool::begin`].
    pub fn begin_as(
        &self,
        mode: TransactionMode,
        name: &'static str,
    ) -> BoxFuture<'_, Result<Transaction, Error>> {
        Box::pin(async move {
            let begin = self.dialect.begin(mode);
            let inner = match &self.inner {
                Inner::Real(pool) => ConnectionInner::Transaction(pool.begin_with(begin).await?),
                #[cfg(feature = "sim")]
                Inner::Simulated(pool) => {
                    let mut connection = pool.acquire().await?;
                    connection.transaction_step(name, sites::BEGIN, begin).await?;
                    ConnectionInner::Simulated(connection)
                }
            };
            Ok(Transaction { connection: Connection { inner, dialect: self.dialect }, name })
        })
    }

    /// Applies all pending migrations through sqlx's migrator. In a simulation, each step is a boundary.
    ///
    /// On SQLite, sqlx's migrator takes no lock. If several hosts migrate at once, the later ones fail because a table
    /// already exists, as real hosts would, and must retry.
    ///
    /// # Errors
    ///
    /// Returns the migrator's error.
    pub fn migrate<'a>(
        &'a self,
        migrator: &'a Migrator,
    ) -> BoxFuture<'a, Result<(), MigrateError>> {
        Box::pin(async move {
            match &self.inner {
                Inner::Real(pool) => migrator.run(pool).await,
                #[cfg(feature = "sim")]
                Inner::Simulated(pool) => {
                    let mut connection = pool.acquire().await?;
                    migrator.run_direct(None, &mut connection, false).await
                }
            }
        })
    }

    /// Reverts the migrations above version `target`, the newest first, through their down files. In a simulation, each
    /// step is a boundary. A target of 0 reverts every migration that can be reverted.
    ///
    /// # Errors
    ///
    /// Returns the migrator's error.
    pub fn undo<'a>(
        &'a self,
        migrator: &'a Migrator,
        target: i64,
    ) -> BoxFuture<'a, Result<(), MigrateError>> {
        Box::pin(async move {
            match &self.inner {
                Inner::Real(pool) => migrator.undo(pool, target).await,
                #[cfg(feature = "sim")]
                Inner::Simulated(pool) => {
                    let mut connection = pool.acquire().await?;
                    simulated::undo(migrator, target, &mut connection).await
                }
            }
        })
    }

    /// Closes the pool, and waits until its connections are released.
    pub async fn close(&self) {
        match &self.inner {
            Inner::Real(pool) => pool.close().await,
            #[cfg(feature = "sim")]
            Inner::Simulated(pool) => pool.close(),
        }
    }
}

impl<'p> Executor<'p> for &'p Pool {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match &self.inner {
            Inner::Real(pool) => pool.fetch_many(query),
            #[cfg(feature = "sim")]
            Inner::Simulated(pool) => {
                simulated::stream_of(pool.fetch_all(simulated::Query::of(query)))
            }
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match &self.inner {
            Inner::Real(pool) => pool.fetch_optional(query),
            #[cfg(feature = "sim")]
            Inner::Simulated(pool) => {
                simulated::first_of(pool.fetch_all(simulated::Query::of(query)))
            }
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'p: 'e,
    {
        match &self.inner {
            Inner::Real(pool) => pool.prepare_with(sql, parameters),
            #[cfg(feature = "sim")]
            Inner::Simulated(pool) => {
                async move { pool.acquire().await?.prepare(sql).await }.boxed()
            }
        }
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<sqlx::Describe<Any>, Error>>
    where
        'p: 'e,
    {
        match &self.inner {
            Inner::Real(pool) => pool.describe(sql),
            #[cfg(feature = "sim")]
            Inner::Simulated(pool) => {
                async move { pool.acquire().await?.describe(sql).await }.boxed()
            }
        }
    }
}
