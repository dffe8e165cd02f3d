//! Pool and connections in a simulation: every statement travels to the database host and back.

use std::{
    collections::{BTreeSet, VecDeque},
    future::{Future, pending},
    sync::{Arc, Mutex},
    time::Duration,
};

use chaosdrill_core::{
    ErrorKind,
    limits::BUSY_RETRY_MAX,
    run::DatabaseKind,
    trace::{
        EventKind, short_hash,
        vocabulary::{Answer, site as sites},
    },
};
use either::Either;
use futures_core::{future::BoxFuture, stream::BoxStream};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::Value;
use sqlx::{
    Any, AnyConnection, Error, Execute, Executor, SqlSafeStr, SqlStr,
    any::{AnyArguments, AnyRow, AnyStatement, AnyTypeInfo},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    sim::{
        self,
        boundary::{self, Decision},
        database::{self, Database, Handle},
        handle,
        host::Here,
        injected_errors,
        inline::inline,
        inspector,
        simulation::with_world,
        sqlite,
        travel::{Lost, travel},
    },
    sql::{PoolOptions, simulated::answer::Step, site},
};

mod answer;
mod migrate;

pub(crate) use migrate::undo;

/// A pool of a simulated host.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedPool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    database: Database,
    here: Here,
    acquire_timeout: Duration,
    permits: Arc<Semaphore>,
    idle: Mutex<VecDeque<Handle>>,
}

impl Shared {
    /// The error of a client whose connection is lost.
    fn reset(&self) -> Error {
        injected_errors::sql(self.database.kind, ErrorKind::Reset)
    }
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
        Ok(PooledConnection {
            handle,
            shared,
            state: State::Idle,
            written: BTreeSet::new(),
            _permit: permit,
        })
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
    handle: Handle,
    shared: Arc<Shared>,
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

/// Travels to the database host, or back.
async fn to_database(shared: &Shared) -> Result<(), Error> {
    travel(shared.here, shared.database.machine).await.map_err(|Lost| shared.reset())
}

/// Runs one operation at the database host as a boundary. If its answer is lost, `connection` is closed.
async fn round_trip<T>(
    shared: &Shared,
    site: &str,
    question: Value,
    connection: Option<Handle>,
    mut operation: impl FnMut() -> Result<T, Error>,
    describe: impl Fn(&T) -> Value,
) -> Result<T, Error> {
    if !handle::is_alive(shared.here) {
        return pending().await;
    }
    let decision = boundary::before(site).await;
    let disconnect = || {
        if let Some(handle) = connection {
            database::close(handle);
        }
    };
    if let Decision::Fail(kind) = decision {
        let error = injected_errors::sql(shared.database.kind, kind);
        if matches!(error, Error::Io(_)) {
            disconnect();
        }
        answered(site, &question, || Err(&error));
        return Err(error);
    }
    if let Err(error) = to_database(shared).await {
        disconnect();
        answered(site, &question, || Err(&error));
        return Err(error);
    }
    let result = patiently(&shared.database, &mut operation).await;
    answered(site, &question, || result.as_ref().map(&describe));
    boundary::after(decision, site).await;
    let back = to_database(shared).await;
    if let Err(error) = back {
        disconnect();
        return Err(error);
    }
    if let Decision::LoseAck(kind) = decision {
        disconnect();
        return Err(injected_errors::sql(shared.database.kind, kind));
    }
    result
}

/// The progress of an operation at a database.
enum Progress<T> {
    /// It was answered.
    Answered(Result<T, Error>),
    /// Another connection holds a lock that it needs. The error is returned if the wait takes too long.
    Blocked(Error),
}

impl<T> Progress<T> {
    fn of(kind: DatabaseKind, result: Result<T, Error>) -> Self {
        let is_blocked = |error: &Error| match kind {
            DatabaseKind::Sqlite => sqlite::is_blocked(error),
        };
        match result {
            Err(error) if is_blocked(&error) => Self::Blocked(error),
            result => Self::Answered(result),
        }
    }
}

/// Runs an operation and, while it is blocked, retries it after a pause of virtual time, up to a limit.
async fn patiently<T>(
    database: &Database,
    operation: &mut impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let key = &database.key;
    let mut waited = Duration::ZERO;
    loop {
        match Progress::of(database.kind, operation()) {
            Progress::Answered(result) => {
                database::had_a_turn(key);
                return result;
            }
            Progress::Blocked(error) if waited >= BUSY_RETRY_MAX => return Err(error),
            Progress::Blocked(_) => {}
        }
        // Until another connection had a turn, a retry would only be refused again.
        let turns = database::turns(key);
        while database::turns(key) == turns && waited < BUSY_RETRY_MAX {
            let pause = Duration::from_millis(1 + crate::rng::below(20));
            crate::time::sleep(pause).await;
            waited += pause;
        }
    }
}

fn answered<'a>(site: &str, question: &Value, result: impl FnOnce() -> Result<Value, &'a Error>) {
    handle::record(EventKind::Answer, site, || {
        let result = result().map_err(ToString::to_string);
        Answer { result, asked: question.clone() }.into_data()
    });
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

/// Whether a statement with this first word may write.
fn may_write(verb: &str) -> bool {
    const READING: [&str; 9] = [
        "SELECT",
        "BEGIN",
        "COMMIT",
        "END",
        "ROLLBACK",
        "PRAGMA",
        "EXPLAIN",
        "SAVEPOINT",
        "RELEASE",
    ];
    !READING.contains(&verb)
}

/// Inspects the watched rows after every committed write.
struct Watching<'a> {
    here: Here,
    site: &'a str,
    database: &'a str,
    verb: &'a str,
    in_transaction: bool,
    /// The words of all statements that wrote since the transaction began; the names of tables are among them.
    written: &'a BTreeSet<String>,
}

impl Watching<'_> {
    fn after<T>(
        &self,
        mut operation: impl FnMut() -> Result<T, Error>,
    ) -> impl FnMut() -> Result<T, Error> {
        move || {
            let output = operation()?;
            if matches!(self.verb, "CREATE" | "ALTER" | "DROP") {
                inspector::forget_schema(self.database);
            }
            let ends = matches!(self.verb, "COMMIT" | "END");
            if ends || (may_write(self.verb) && !self.in_transaction) {
                if !self.written.is_empty() {
                    with_world(|world| world.had_effect(self.here, self.site));
                }
                inspector::inspect(self.database, self.written);
            }
            Ok(output)
        }
    }
}
