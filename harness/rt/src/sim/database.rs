//! Operations on the databases of the current simulation. They take real time, but no virtual time.

use std::{collections::BTreeSet, sync::Arc};

use chaosdrill_core::request::sql::{ConnectionId, Error, Statement};

pub(crate) use crate::sim::databases::{Connection, Database, Transaction};
use crate::sim::{databases::Databases, host::MachineId, injected_errors, simulation};

/// Runs `f` on the databases of the current simulation.
fn with<R>(f: impl FnOnce(&mut Databases) -> R) -> R {
    simulation::with(|simulation| f(&mut simulation.databases.borrow_mut()))
}

/// Opens a connection for a host.
pub(crate) fn open(database: &Arc<Database>, host: usize) -> Result<ConnectionId, Error> {
    let (spare, path) =
        with(|databases| (databases.take_spare(&database.key), databases.path(&database.key)));
    let connection = match spare {
        Some(connection) => connection,
        None => Connection::open(database.kind, &path)?,
    };
    Ok(with(|databases| databases.give(connection, database, host)))
}

/// The database of a connection, open or not.
pub(crate) fn of(connection: ConnectionId) -> Arc<Database> {
    with(|databases| databases.slot(connection).database.clone())
}

/// Runs an operation on a connection, or returns the error of a lost connection if it is closed.
pub(crate) fn run<T>(
    id: ConnectionId,
    operation: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    match with(|databases| databases.take(id)) {
        None => Err(injected_errors::lost_connection()),
        Some(connection) => {
            let output = operation(&connection);
            with(|databases| databases.put_back(id, connection));
            output
        }
    }
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
pub(crate) fn note(connection: ConnectionId, statement: &Statement) {
    with(|databases| databases.note(connection, statement));
}

/// The state of a connection's transaction.
pub(crate) fn transaction(connection: ConnectionId) -> Transaction {
    with(|databases| databases.slot(connection).transaction)
}

/// Sets the state of a connection's transaction.
pub(crate) fn set_transaction(connection: ConnectionId, transaction: Transaction) {
    with(|databases| databases.slot(connection).transaction = transaction);
}

/// Rolls back a transaction that has failed.
pub(crate) fn abort(id: ConnectionId) {
    let rolled_back = run(id, |connection| {
        connection.roll_back();
        Ok(())
    });
    // A lost connection is rolled back already.
    drop(rolled_back);
    with(|databases| {
        let slot = databases.slot(id);
        slot.transaction = Transaction::Aborted;
        let database = slot.database.clone();
        databases.had_a_turn(&database.key);
    });
}

/// Adds to the words of the statements that wrote since the transaction began.
pub(crate) fn writes(connection: ConnectionId, words: impl Iterator<Item = String>) {
    with(|databases| databases.slot(connection).written.extend(words));
}

/// The words of all statements that wrote since the transaction began; the names of tables are among them.
pub(crate) fn written(connection: ConnectionId) -> BTreeSet<String> {
    with(|databases| databases.slot(connection).written.clone())
}

/// Whether the connection changed a row since this was last asked.
pub(crate) fn has_changed_rows(id: ConnectionId) -> bool {
    run(id, |connection| Ok(connection.has_changed_rows())).unwrap_or(false)
}

/// Forgets what a transaction wrote, because it has ended.
pub(crate) fn forget_writes(connection: ConnectionId) {
    with(|databases| databases.slot(connection).written.clear());
}

/// Whether the connection is still open.
pub(crate) fn is_open(connection: ConnectionId) -> bool {
    with(|databases| databases.slot(connection).connection.is_some())
}

/// Takes back a connection; whether it may be used again. It is closed if a transaction is open on it.
pub(crate) fn release(connection: ConnectionId) -> bool {
    if transaction(connection) != Transaction::None {
        close(connection);
    }
    is_open(connection)
}

/// Closes a connection; its unfinished transaction is rolled back at once.
pub(crate) fn close(id: ConnectionId) {
    if let Some(connection) = with(|databases| databases.take(id)) {
        connection.roll_back();
        with(|databases| databases.set_aside(id, connection));
    }
}

/// Closes every connection of a host, to all machines or to one. The host notices when it next uses one.
pub(crate) fn close_host(host: usize, at: Option<MachineId>) {
    with(|databases| databases.of_host(host, at)).into_iter().for_each(close);
}

/// Closes all connections.
pub(crate) fn close_all() {
    drop(with(Databases::take_all));
}
