//! Operations on the databases of the current simulation.
//!
//! sqlx runs each SQLite connection on a thread of its own. An operation is driven to its end right here while virtual
//! time stands still, so the simulator never sees it wait.

use chaosdrill_core::run::DatabaseKind;
use sqlx::{AnyConnection, Connection, Executor};

pub(crate) use crate::sim::databases::{Database, Handle, MakeArguments};
use crate::sim::{databases::Databases, host::MachineId, inline::inline, simulation, sqlite};

/// Runs `f` on the databases of the current simulation.
fn with<R>(f: impl FnOnce(&mut Databases) -> R) -> R {
    simulation::with(|simulation| f(&mut simulation.databases.borrow_mut()))
}

/// Opens a connection for a host.
pub(crate) fn open(database: &Database, host: usize) -> Result<Handle, sqlx::Error> {
    let key = &database.key;
    let (spare, path) = with(|databases| (databases.take_spare(key), databases.path(key)));
    let connection = match spare {
        Some(connection) => connection,
        None => match database.kind {
            DatabaseKind::Sqlite => sqlite::connect(&path)?,
        },
    };
    Ok(with(|databases| databases.give(connection, database, host)))
}

/// Runs an operation on a connection; `None` if the connection is gone.
///
/// After an error, this function waits for sqlx's thread. That thread reports the error before it has reset the
/// statement, and only requests the rollback of a transaction that is dropped over an error, so its locks remain for a
/// moment of real time. Without the wait, it would depend on thread timing whether the next operation meets them.
pub(crate) fn run<T, E>(
    handle: Handle,
    operation: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Option<Result<T, E>> {
    let mut connection = with(|databases| databases.take(handle))?;
    let output = operation(&mut connection);
    if output.is_err() {
        let _ = inline(connection.ping());
    }
    with(|databases| databases.put_back(handle, connection));
    Some(output)
}

/// The number of operations of a database that may have changed its locks.
pub(crate) fn turns(database: &str) -> u64 {
    with(|databases| databases.turns(database))
}

/// Counts an operation that a database executed, or that failed for another reason than a lock.
pub(crate) fn had_a_turn(database: &str) {
    with(|databases| databases.had_a_turn(database));
}

/// Records a statement that is about to be executed, if statements are recorded.
pub(crate) fn note(handle: Handle, sql: &str, arguments: impl FnOnce() -> Option<MakeArguments>) {
    with(|databases| databases.note(handle, sql, arguments));
}

/// Whether the connection is still open.
pub(crate) fn is_open(handle: Handle) -> bool {
    with(|databases| databases.is_open(handle))
}

/// Closes a connection; its unfinished transaction is rolled back at once.
pub(crate) fn close(handle: Handle) {
    if let Some(mut connection) = with(|databases| databases.take(handle)) {
        roll_back(&mut connection);
        with(|databases| databases.set_aside(handle, connection));
    }
}

fn roll_back(connection: &mut AnyConnection) {
    // SQLite returns an error if there is nothing to roll back.
    let _ = inline(connection.execute("ROLLBACK"));
    let _ = inline(connection.ping());
}

/// Closes every connection of a host, to all machines or to one. The host notices when it next uses one.
pub(crate) fn close_host(host: usize, at: Option<MachineId>) {
    with(|databases| databases.of_host(host, at)).into_iter().for_each(close);
}

/// Closes all connections and waits for it, because a connection that is only dropped closes some time later.
pub(crate) fn close_all() {
    for connection in with(Databases::take_all) {
        let _ = inline(connection.close());
    }
}
