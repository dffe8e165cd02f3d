//! A connection in a simulation: each statement is a round trip to the database host.

use std::{collections::BTreeSet, future::Future, sync::Arc};

use chaosdrill_core::trace::{short_hash, vocabulary::site as sites};
use either::Either;
use futures_core::{future::BoxFuture, stream::BoxStream};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::Value;
use sqlx::{
    Any, AnyConnection, Error, Execute, Executor, SqlSafeStr, SqlStr,
    any::{AnyArguments, AnyRow, AnyStatement, AnyTypeInfo},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    answer::{self, Step},
    round_trip::round_trip,
    shared::Shared,
    watching::{Watching, may_write},
};
use crate::{
    sim::{
        self,
        database::{self, Handle},
        handle, injected_errors,
        inline::inline,
        inspector,
    },
    sql::site,
};

/// The transaction state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    InTransaction,
    /// The transaction has failed; only COMMIT, END and ROLLBACK are accepted.
    Aborted,
}

/// A connection of a simulated host. It returns to its pool when dropped.
#[derive(Debug)]
pub(crate) struct PooledConnection {
    pub(super) handle: Handle,
    pub(super) shared: Arc<Shared>,
    state: State,
    /// The words of all statements that wrote since the transaction began; the names of tables are among them.
    written: BTreeSet<String>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for PooledConnection {
    /// Rolls back an unfinished transaction at once, as the loss of its connection would.
    fn drop(&mut self) {
        if !handle::is_alive(self.shared.here) {
            return;
        }
        if self.state != State::Idle {
            database::close(self.handle);
        } else if database::is_open(self.handle) && !self.shared.permits.is_closed() {
            self.shared
                .idle
                .lock()
                .expect("nothing panics while it holds the idle list")
                .push_back(self.handle);
        }
    }
}

/// The first word of a statement, in capitals.
fn verb(sql: &str) -> String {
    let is_code = |line: &&str| !line.trim_start().starts_with("--") && !line.trim().is_empty();
    let line = sql.lines().find(is_code).unwrap_or_default();
    line.trim_start()
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase()
}

impl PooledConnection {
    pub(super) fn new(handle: Handle, shared: Arc<Shared>, permit: OwnedSemaphorePermit) -> Self {
        Self { handle, shared, state: State::Idle, written: BTreeSet::new(), _permit: permit }
    }

    /// Runs one statement as a boundary and reads all of its rows.
    async fn statement(
        &mut self,
        site: String,
        sql: SqlStr,
        arguments: Option<AnyArguments>,
    ) -> Result<Vec<Step>, Error> {
        let verb = verb(sql.as_str());
        let ends_transaction = matches!(verb.as_str(), "COMMIT" | "END" | "ROLLBACK");
        if self.state == State::Aborted && !ends_transaction {
            return Err(injected_errors::aborted_transaction());
        }
        let asked = match &arguments {
            Some(arguments) => {
                Value::from(short_hash(format!("{:?}", arguments.values.0).as_bytes()))
            }
            None => Value::Null,
        };
        let values = arguments.map(|arguments| arguments.values.0);
        let handle = self.handle;
        let with = |values: Vec<_>| {
            let mut arguments = AnyArguments::default();
            arguments.values.0 = values;
            arguments
        };
        let operation = || {
            let arguments = values.clone().map(with);
            database::note(handle, sql.as_str(), || {
                let values = values.clone()?;
                Some(Box::new(move || with(values.clone())))
            });
            let run = |connection: &mut AnyConnection| {
                inline(connection.fetch_many((sql.clone(), arguments)).try_collect::<Vec<Step>>())
            };
            database::run(handle, run).unwrap_or_else(|| Err(self.shared.reset()))
        };
        if may_write(&verb) {
            self.written.extend(inspector::words(sql.as_str()));
        }
        let inspect = |steps: &Vec<Step>| answer::describe(steps);
        let shared = self.shared.clone();
        let watching = Watching {
            here: shared.here,
            site: &site,
            database: &shared.database.key,
            verb: &verb,
            in_transaction: self.state != State::Idle,
            written: &self.written,
        };
        let begins = verb == "BEGIN" && self.state == State::Idle;
        if begins {
            // If the caller stops waiting, the transaction stays open until the connection closes.
            self.state = State::InTransaction;
        }
        let result =
            round_trip(&shared, &site, asked, Some(handle), watching.after(operation), inspect)
                .await;
        if begins && result.is_err() {
            self.state = State::Idle;
        } else {
            self.note(&verb, &result);
        }
        if self.state == State::Idle {
            self.written.clear();
        }
        result
    }

    /// Updates the transaction state from the result of a statement.
    fn note(&mut self, verb: &str, result: &Result<Vec<Step>, Error>) {
        match (verb, result) {
            ("BEGIN", Ok(_)) => self.state = State::InTransaction,
            ("COMMIT" | "END" | "ROLLBACK", Ok(_)) => self.state = State::Idle,
            (_, Err(Error::Database(error))) if self.state == State::InTransaction => {
                // PostgreSQL has already rolled back when it reports these errors, so there is no transaction left to
                // commit.
                if matches!(error.code().as_deref(), Some("40001" | "40P01")) {
                    database::run(self.handle, |connection| inline(connection.execute("ROLLBACK")));
                    database::had_a_turn(&self.shared.database.key);
                    self.state = State::Aborted;
                }
            }
            _ => {}
        }
    }

    pub(crate) async fn begin(&mut self, name: &str, sql: &'static str) -> Result<(), Error> {
        self.statement(sites::transaction_step(name, sites::BEGIN), sql.into_sql_str(), None)
            .await
            .map(drop)
    }

    /// The clock of the database's host, which is never skewed. SQLite's own clock runs outside virtual time.
    pub(crate) async fn unix_ms(&mut self) -> Result<i64, Error> {
        if self.state == State::Aborted {
            return Err(injected_errors::aborted_transaction());
        }
        let handle = self.handle;
        let operation = || {
            if database::is_open(handle) {
                Ok(sim::true_unix_ms())
            } else {
                Err(self.shared.reset())
            }
        };
        let tell = |ms: &i64| Value::from(*ms);
        round_trip(&self.shared, sites::SQL_CLOCK, Value::Null, Some(handle), operation, tell).await
    }

    /// Ends a transaction with COMMIT or ROLLBACK.
    pub(crate) async fn end(
        &mut self,
        name: &str,
        word: &str,
        sql: &'static str,
    ) -> Result<(), Error> {
        if self.state == State::Aborted {
            self.state = State::Idle;
            return if word == sites::COMMIT {
                Err(injected_errors::aborted_transaction())
            } else {
                Ok(())
            };
        }
        self.statement(sites::transaction_step(name, word), sql.into_sql_str(), None)
            .await
            .map(drop)
    }

    pub(crate) fn fetch_many<'e, 'q: 'e, 'c: 'e, E>(
        &'c mut self,
        query: E,
    ) -> BoxStream<'e, Result<Step, Error>>
    where
        E: 'q + Execute<'q, Any>,
    {
        let steps = self.query(query);
        steps
            .map(|steps| {
                stream::iter(steps.map_or_else(
                    |error| vec![Err(error)],
                    |steps| steps.into_iter().map(Ok).collect(),
                ))
            })
            .flatten_stream()
            .boxed()
    }

    pub(crate) fn fetch_optional<'e, 'q: 'e, 'c: 'e, E>(
        &'c mut self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        E: 'q + Execute<'q, Any>,
    {
        let steps = self.query(query);
        async move { Ok(steps.await?.into_iter().find_map(Either::right)) }.boxed()
    }

    fn query<'e, 'q: 'e, 'c: 'e, E>(
        &'c mut self,
        mut query: E,
    ) -> impl Future<Output = Result<Vec<Step>, Error>> + Send + 'e
    where
        E: 'q + Execute<'q, Any>,
    {
        let arguments = query.take_arguments();
        let sql = query.sql();
        async move {
            let arguments = arguments.map_err(Error::Encode)?;
            let site = site::of_statement(sql.as_str());
            self.statement(site, sql, arguments).await
        }
    }

    pub(crate) fn prepare_with<'e, 'c: 'e>(
        &'c mut self,
        sql: SqlStr,
        parameters: Vec<AnyTypeInfo>,
    ) -> BoxFuture<'e, Result<AnyStatement, Error>> {
        self.about(sql, "prepare", move |connection, sql| {
            inline(connection.prepare_with(sql, &parameters))
        })
    }

    pub(crate) fn describe<'e, 'c: 'e>(
        &'c mut self,
        sql: SqlStr,
    ) -> BoxFuture<'e, Result<sqlx::Describe<Any>, Error>> {
        self.about(sql, "describe", |connection, sql| inline(connection.describe(sql)))
    }

    /// Asks the database about a statement; the question is a boundary of its own.
    fn about<'e, 'c: 'e, T: Send + 'e>(
        &'c mut self,
        sql: SqlStr,
        word: &'static str,
        ask: impl Fn(&mut AnyConnection, SqlStr) -> Result<T, Error> + Send + Sync + 'e,
    ) -> BoxFuture<'e, Result<T, Error>> {
        let handle = self.handle;
        async move {
            let site = format!("{}.{word}", site::of_statement(sql.as_str()));
            let operation = || {
                let run = |connection: &mut AnyConnection| ask(connection, sql.clone());
                database::run(handle, run).unwrap_or_else(|| Err(self.shared.reset()))
            };
            round_trip(&self.shared, &site, Value::Null, Some(handle), operation, |_| Value::Null)
                .await
        }
        .boxed()
    }
}
