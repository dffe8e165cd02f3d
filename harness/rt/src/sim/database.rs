//! Operations on the databases of the simulation at hand.
//!
//! sqlx runs each SQLite connection on a thread of its own. An operation is driven to its end right here, while
//! virtual time stands still, so the simulator never sees it wait.

use chaosdrill_core::run::DatabaseKind;
use sqlx::{AnyConnection, Connection, Executor};

pub(crate) use crate::sim::databases::{Database, Handle, MakeArguments};
use crate::sim::{databases::Databases, host::MachineId, inline::inline, simulation, sqlite};

/// Runs `f` on the databases of the simulation at hand.
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
/// sqlx's thread answers with an error before it has reset the statement, and only asks for the rollback of a
/// transaction that is dropped over an error: for a moment of real time its locks are still there. Whoever came
/// next would meet them or not, as the threads happen to run. So after an error the thread is waited for.
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

/// How many operations a database has carried out that may have changed who holds it.
pub(crate) fn turns(database: &str) -> u64 {
    with(|databases| databases.turns(database))
}

/// A database carried out an operation, or failed at it for another reason than that somebody held it.
pub(crate) fn had_a_turn(database: &str) {
    with(|databases| databases.had_a_turn(database));
}

/// Notes a statement that is about to be executed, if that is wanted.
pub(crate) fn note(handle: Handle, sql: &str, arguments: impl FnOnce() -> Option<MakeArguments>) {
    with(|databases| databases.note(handle, sql, arguments));
}

/// Whether the connection is still there.
pub(crate) fn is_open(handle: Handle) -> bool {
    with(|databases| databases.is_open(handle))
}

/// Ends a connection: what it had begun is rolled back at once.
pub(crate) fn close(handle: Handle) {
    if let Some(mut connection) = with(|databases| databases.take(handle)) {
        roll_back(&mut connection);
        with(|databases| databases.set_aside(handle, connection));
    }
}

fn roll_back(connection: &mut AnyConnection) {
    // SQLite answers with an error where there is nothing to roll back.
    let _ = inline(connection.execute("ROLLBACK"));
    let _ = inline(connection.ping());
}

/// Ends every connection of a host, to all machines or to one; the host hears of it when it next uses one.
pub(crate) fn close_host(host: usize, at: Option<MachineId>) {
    with(|databases| databases.of_host(host, at)).into_iter().for_each(close);
}

/// Closes everything, and waits for it: a connection that is only dropped closes some time later.
pub(crate) fn close_all() {
    for connection in with(Databases::take_all) {
        let _ = inline(connection.close());
    }
}
