//! Steps at a database: opening a connection, statements, migrations.

use std::sync::Arc;

use chaosdrill_core::{
    plan::SqlErrors,
    request::sql::{Answer, Call, ConnectionId, Error, Part, Statement, Value as SqlValue},
    trace::{short_hash, vocabulary::site as sites},
};
use serde_json::{Map, Value, json};

use super::{
    round_trip::Trip,
    watching::{Watching, may_write, verb},
};
use crate::sim::{
    self,
    database::{self, Database, Transaction},
    host::Here,
    injected_errors, inspector,
    simulation::with_world,
};

/// Takes a step at a database.
pub(super) async fn take(here: Here, call: Call) -> Result<Answer, Error> {
    match call {
        Call::Connect { url } => connect(here, &url).await.map(Answer::Connection),
        Call::Execute { connection, site, statement } => {
            execute(here, connection, &site, &statement).await.map(Answer::Parts)
        }
        Call::Migrate { connection, site, statements, is_atomic } => {
            migrate(here, connection, &site, &statements, is_atomic).await.map(Answer::Parts)
        }
        Call::Describe { connection, site, sql } => {
            let database = database::of(connection);
            let trip = trip(here, &database, &site, connection);
            let describe = || database::run(connection, |it| it.describe(&sql));
            trip.make(Value::Null, describe, |_| Value::Null).await.map(Answer::Description)
        }
        Call::Clock { connection } => clock(here, connection).await.map(Answer::UnixMs),
    }
}

/// The site of a step.
pub(super) fn site(call: &Call) -> &str {
    match call {
        Call::Connect { .. } => sites::SQL_CONNECT,
        Call::Execute { site, .. } | Call::Migrate { site, .. } | Call::Describe { site, .. } => {
            site
        }
        Call::Clock { .. } => sites::SQL_CLOCK,
    }
}

fn trip<'a>(
    here: Here,
    database: &'a Database,
    site: &'a str,
    connection: ConnectionId,
) -> Trip<'a> {
    Trip { here, database, site, connection: Some(connection) }
}

async fn connect(here: Here, url: &str) -> Result<ConnectionId, Error> {
    let found = with_world(|world| world.locate_database(url));
    let (machine, kind, key) = found.map_err(|message| Error::Url { message })?;
    let database = Arc::new(Database { machine, kind, key });
    let trip = Trip { here, database: &database, site: sites::SQL_CONNECT, connection: None };
    trip.make(Value::Null, || database::open(&database, here.host), |_| Value::Null).await
}

/// The clock of the database's machine, which is never skewed. SQLite's own clock has another beginning on madsim.
async fn clock(here: Here, connection: ConnectionId) -> Result<i64, Error> {
    if database::transaction(connection) == Transaction::Aborted {
        return Err(injected_errors::aborted_transaction());
    }
    let database = database::of(connection);
    let trip = trip(here, &database, sites::SQL_CLOCK, connection);
    let read = || database::run(connection, |_| Ok(sim::true_unix_ms()));
    trip.make(Value::Null, read, |ms| Value::from(*ms)).await
}

/// Takes a step of the migrator as a boundary. Checks see the rows that a migration changed before any other write.
async fn migrate(
    here: Here,
    connection: ConnectionId,
    site: &str,
    statements: &[Statement],
    is_atomic: bool,
) -> Result<Vec<Part>, Error> {
    let database = database::of(connection);
    let migrate = || {
        let migrated = database::run(connection, |it| it.migrate(statements, is_atomic));
        // A step that is not atomic may have changed something before it failed.
        inspector::forget_schema(&database.key);
        let written = statements.iter().flat_map(|it| inspector::words(&it.sql)).collect();
        inspector::inspect_migrated(&database.key, &written);
        migrated
    };
    trip(here, &database, site, connection).make(Value::Null, migrate, |_| Value::Null).await
}

/// Executes a statement as a boundary and reads all of its rows.
async fn execute(
    here: Here,
    connection: ConnectionId,
    site: &str,
    statement: &Statement,
) -> Result<Vec<Part>, Error> {
    let verb = verb(&statement.sql);
    let before = database::transaction(connection);
    if before == Transaction::Aborted {
        return in_aborted_transaction(connection, &verb);
    }
    let database = database::of(connection);
    if may_write(&verb) {
        database::writes(connection, inspector::words(&statement.sql));
    }
    let watching = Watching {
        here,
        site,
        database: &database.key,
        verb: &verb,
        in_transaction: before == Transaction::Open,
        connection,
    };
    let begins = verb == "BEGIN" && before == Transaction::None;
    if begins {
        // If the caller stops waiting, the transaction stays open until the connection closes.
        database::set_transaction(connection, Transaction::Open);
    }
    let operation = || {
        database::note(connection, statement);
        database::run(connection, |it| it.execute(statement))
    };
    let asked = statement.arguments.as_ref().map_or(Value::Null, |arguments| {
        Value::from(short_hash(format!("{arguments:?}").as_bytes()))
    });
    let result = trip(here, &database, site, connection)
        .make(asked, watching.after(operation), |parts| describe(parts))
        .await;
    match (verb.as_str(), &result) {
        ("BEGIN", Err(_)) if begins => database::set_transaction(connection, Transaction::None),
        ("BEGIN", Ok(_)) => database::set_transaction(connection, Transaction::Open),
        ("COMMIT" | "END" | "ROLLBACK", Ok(_)) => {
            database::set_transaction(connection, Transaction::None);
        }
        // The database has already rolled back when it reports such an error: there is no transaction left to commit.
        (_, Err(Error::Database { code, .. }))
            if (matches!(code.as_str(), "40001" | "40P01") || every_error_aborts())
                && database::transaction(connection) == Transaction::Open =>
        {
            database::abort(connection);
        }
        _ => {}
    }
    if database::transaction(connection) == Transaction::None {
        database::forget_writes(connection);
    }
    result
}

/// Whether every error aborts the transaction in which it occurs, as in PostgreSQL.
fn every_error_aborts() -> bool {
    with_world(|world| world.sql_errors == SqlErrors::AbortTheTransaction)
}

/// In a transaction that has failed, only its end is accepted, and there is nothing left to commit. PostgreSQL answers
/// a commit with the word `ROLLBACK`, and drivers do not pass that on: to the caller it is a success. In contrast to
/// PostgreSQL, the savepoints are lost too.
fn in_aborted_transaction(connection: ConnectionId, verb: &str) -> Result<Vec<Part>, Error> {
    if !matches!(verb, "COMMIT" | "END" | "ROLLBACK") {
        return Err(injected_errors::aborted_transaction());
    }
    database::set_transaction(connection, Transaction::None);
    Ok(Vec::new())
}

/// The answer to a statement, short enough for every line of a trace: the number of rows that it changed, or the number
/// of rows that it returned and their hash.
fn describe(parts: &[Part]) -> Value {
    let count: usize = parts.iter().map(|part| part.rows.len()).sum();
    if count == 0 {
        return json!({ "affected": parts.iter().map(|part| part.affected).sum::<u64>() });
    }
    let rows = parts.iter().flat_map(|part| part.rows.iter().map(|row| object(part, row)));
    let text = Value::from(rows.collect::<Vec<_>>()).to_string();
    json!({ "rows": count, "hash": short_hash(text.as_bytes()) })
}

/// A row as a JSON object.
fn object(part: &Part, row: &[SqlValue]) -> Value {
    let members = part.columns.iter().zip(row);
    Value::Object(
        members.map(|(column, value)| (column.name.clone(), as_json(value))).collect::<Map<_, _>>(),
    )
}

/// A value as JSON; bytes are written in hex.
fn as_json(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null(_) => Value::Null,
        SqlValue::Bool(value) => Value::from(*value),
        SqlValue::SmallInt(number) => Value::from(*number),
        SqlValue::Integer(number) => Value::from(*number),
        SqlValue::BigInt(number) => Value::from(*number),
        SqlValue::Real(number) => Value::from(f64::from(*number)),
        SqlValue::Double(number) => Value::from(*number),
        SqlValue::Text(text) => Value::from(text.as_str()),
        SqlValue::Blob(bytes) => {
            Value::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    }
}
