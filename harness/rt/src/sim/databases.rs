//! The databases of one simulation: real SQLite files, and all open connections to them.
//!
//! The connections are in this registry, and hosts have only their numbers. A crash takes them away and rolls them back
//! at once, whatever the host's memory still holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use chaosdrill_core::{
    request::sql::{ConnectionId, Description, Error, Part, Statement},
    run::DatabaseKind,
};

use crate::sim::{finished::Executed, host::MachineId, sqlite};

/// A database on its machine.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) machine: MachineId,
    pub(crate) kind: DatabaseKind,
    /// Its name, with the name of its machine unless that is the first machine with databases.
    pub(crate) key: String,
}

/// An open connection to a database.
pub(crate) enum Connection {
    Sqlite(sqlite::Connection),
}

impl Connection {
    pub(crate) fn open(kind: DatabaseKind, path: &Path) -> Result<Self, Error> {
        match kind {
            DatabaseKind::Sqlite => Ok(Self::Sqlite(sqlite::Connection::open(path)?)),
        }
    }

    pub(crate) fn execute(&self, statement: &Statement) -> Result<Vec<Part>, Error> {
        match self {
            Self::Sqlite(connection) => connection.execute(statement),
        }
    }

    pub(crate) fn migrate(
        &self,
        statements: &[Statement],
        is_atomic: bool,
    ) -> Result<Vec<Part>, Error> {
        match self {
            Self::Sqlite(connection) => connection.migrate(statements, is_atomic),
        }
    }

    pub(crate) fn describe(&self, sql: &str) -> Result<Description, Error> {
        match self {
            Self::Sqlite(connection) => connection.describe(sql),
        }
    }

    pub(crate) fn has_changed_rows(&self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.has_changed_rows(),
        }
    }

    fn renew(&mut self) {
        match self {
            Self::Sqlite(connection) => connection.renew(),
        }
    }

    pub(crate) fn roll_back(&self) {
        match self {
            Self::Sqlite(connection) => connection.roll_back(),
        }
    }
}

/// The state of a connection's transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transaction {
    None,
    Open,
    /// It has failed; only COMMIT, END and ROLLBACK are accepted.
    Aborted,
}

/// A connection of a host.
pub(crate) struct Slot {
    /// `None` once it is closed.
    pub(crate) connection: Option<Connection>,
    pub(crate) database: Arc<Database>,
    pub(crate) transaction: Transaction,
    /// The words of all statements that wrote since the transaction began; the names of tables are among them.
    pub(crate) written: BTreeSet<String>,
    host: usize,
}

/// All databases of a simulation.
#[derive(Default)]
pub(crate) struct Databases {
    folder: PathBuf,
    /// All connections of the run, by number.
    slots: Vec<Slot>,
    /// Connections without a user, by database; they are reused because opening one is the most expensive step of all.
    spare: BTreeMap<String, Vec<Connection>>,
    /// By database: the number of operations that were not refused because of a lock. Only these change the locks.
    turns: BTreeMap<String, u64>,
    /// Executed statements, if they are recorded.
    statements: Option<Vec<Executed>>,
}

/// The file name of a database.
pub(crate) fn file_of(database: &str) -> String {
    format!("{}.db", database.replace('/', "."))
}

impl Databases {
    pub(crate) fn new(folder: PathBuf, record_statements: bool) -> Self {
        Self { folder, statements: record_statements.then(Vec::new), ..Self::default() }
    }

    /// The path of a database's file.
    pub(crate) fn path(&self, database: &str) -> PathBuf {
        self.folder.join(file_of(database))
    }

    /// Takes an open connection without a user.
    pub(crate) fn take_spare(&mut self, database: &str) -> Option<Connection> {
        let mut spare = self.spare.get_mut(database).and_then(Vec::pop)?;
        spare.renew();
        Some(spare)
    }

    /// Gives a connection to a host.
    pub(crate) fn give(
        &mut self,
        connection: Connection,
        database: &Arc<Database>,
        host: usize,
    ) -> ConnectionId {
        let (connection, database) = (Some(connection), database.clone());
        let (transaction, written) = (Transaction::None, BTreeSet::new());
        self.slots.push(Slot { connection, database, transaction, written, host });
        ConnectionId(self.slots.len() as u64 - 1)
    }

    /// A connection, open or not.
    pub(crate) fn slot(&mut self, id: ConnectionId) -> &mut Slot {
        &mut self.slots[id.0 as usize]
    }

    /// Takes a connection out for an operation; `None` if it was closed.
    pub(crate) fn take(&mut self, id: ConnectionId) -> Option<Connection> {
        self.slot(id).connection.take()
    }

    /// Puts a connection back after an operation.
    pub(crate) fn put_back(&mut self, id: ConnectionId, connection: Connection) {
        self.slot(id).connection = Some(connection);
    }

    /// Keeps a closed connection for the next user.
    pub(crate) fn set_aside(&mut self, id: ConnectionId, connection: Connection) {
        let database = self.slot(id).database.clone();
        self.spare.entry(database.key.clone()).or_default().push(connection);
        self.had_a_turn(&database.key);
    }

    /// Every open connection of a host, to all machines or to this one.
    pub(crate) fn of_host(&self, host: usize, at: Option<MachineId>) -> Vec<ConnectionId> {
        let of_host = |(_, slot): &(usize, &Slot)| {
            slot.host == host
                && at.is_none_or(|machine| machine == slot.database.machine)
                && slot.connection.is_some()
        };
        let id = |(index, _)| ConnectionId(index as u64);
        self.slots.iter().enumerate().filter(of_host).map(id).collect()
    }

    /// The number of operations of a database that may have changed its locks.
    pub(crate) fn turns(&self, database: &str) -> u64 {
        self.turns.get(database).copied().unwrap_or_default()
    }

    /// Counts an operation that a database executed, or that failed for another reason than a lock.
    pub(crate) fn had_a_turn(&mut self, database: &str) {
        match self.turns.get_mut(database) {
            Some(turns) => *turns += 1,
            None => drop(self.turns.insert(database.to_owned(), 1)),
        }
    }

    /// Records a statement that is about to be executed, if statements are recorded.
    pub(crate) fn note(&mut self, connection: ConnectionId, statement: &Statement) {
        let database = &self.slots[connection.0 as usize].database.key;
        if let Some(statements) = &mut self.statements {
            let (database, statement) = (database.clone(), statement.clone());
            statements.push(Executed { connection, database, statement });
        }
    }

    /// The statements of the run.
    pub(crate) fn take_statements(&mut self) -> Vec<Executed> {
        self.statements.take().unwrap_or_default()
    }

    /// Takes out every connection, used or not.
    pub(crate) fn take_all(&mut self) -> Vec<Connection> {
        let open = std::mem::take(&mut self.slots).into_iter().filter_map(|slot| slot.connection);
        open.chain(std::mem::take(&mut self.spare).into_values().flatten()).collect()
    }
}
