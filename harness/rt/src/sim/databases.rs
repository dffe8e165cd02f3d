//! The databases of one simulation: real SQLite files, and all open connections to them.
//!
//! The connections are in this registry, not in the handles that hosts hold. A crash takes them away and rolls them
//! back at once, whatever the host's memory still holds.

use std::{collections::BTreeMap, path::PathBuf};

use sqlx::AnyConnection;

use chaosdrill_core::run::DatabaseKind;

use crate::sim::{finished::Statement, host::MachineId};

/// A database on its machine.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) machine: MachineId,
    pub(crate) kind: DatabaseKind,
    /// Its name, with the name of its machine unless that is the first machine with databases.
    pub(crate) key: String,
}

/// One open connection.
struct Slot {
    connection: Option<AnyConnection>,
    database: String,
    machine: MachineId,
    host: usize,
    /// Counts the users of the slot, so that an old handle cannot reach the connection of a later user.
    generation: u64,
}

/// All databases of a simulation.
#[derive(Default)]
pub(crate) struct Databases {
    folder: PathBuf,
    slots: Vec<Slot>,
    /// Connections without a user, by database; they are reused because opening one is the most expensive step of all.
    spare: BTreeMap<String, Vec<AnyConnection>>,
    generation: u64,
    /// By database: the number of operations that were not refused because of a lock. Only these change the locks.
    turns: BTreeMap<String, u64>,
    /// Executed statements, if they are recorded.
    statements: Option<Vec<Statement>>,
}

/// A host's handle to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle {
    slot: usize,
    generation: u64,
}

/// The file name of a database.
pub(crate) fn file_of(database: &str) -> String {
    format!("{}.db", database.replace('/', "."))
}

/// Creates the arguments of a statement.
pub(crate) type MakeArguments = Box<dyn Fn() -> sqlx::any::AnyArguments + Send>;

impl Databases {
    pub(crate) fn new(folder: PathBuf, record_statements: bool) -> Self {
        Self { folder, statements: record_statements.then(Vec::new), ..Self::default() }
    }

    /// The path of a database's file.
    pub(crate) fn path(&self, database: &str) -> PathBuf {
        self.folder.join(file_of(database))
    }

    /// Takes an open connection without a user.
    pub(crate) fn take_spare(&mut self, database: &str) -> Option<AnyConnection> {
        self.spare.get_mut(database).and_then(Vec::pop)
    }

    /// Gives a connection to a host.
    pub(crate) fn give(
        &mut self,
        connection: AnyConnection,
        database: &Database,
        host: usize,
    ) -> Handle {
        self.generation += 1;
        let generation = self.generation;
        let Database { key, machine, .. } = database.clone();
        let slot = Slot { connection: Some(connection), database: key, machine, host, generation };
        let free = self.slots.iter().position(|slot| slot.connection.is_none());
        let index = match free {
            Some(index) => {
                self.slots[index] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        Handle { slot: index, generation }
    }

    /// Takes a connection out for an operation; `None` if it was closed.
    pub(crate) fn take(&mut self, handle: Handle) -> Option<AnyConnection> {
        let slot = self.slots.get_mut(handle.slot)?;
        if slot.generation == handle.generation { slot.connection.take() } else { None }
    }

    /// Puts a connection back after an operation.
    pub(crate) fn put_back(&mut self, handle: Handle, connection: AnyConnection) {
        self.slots[handle.slot].connection = Some(connection);
    }

    /// Keeps a released connection for the next user.
    pub(crate) fn set_aside(&mut self, handle: Handle, connection: AnyConnection) {
        let database = self.slots[handle.slot].database.clone();
        self.spare.entry(database.clone()).or_default().push(connection);
        self.had_a_turn(&database);
    }

    /// Whether the connection is still open.
    pub(crate) fn is_open(&self, handle: Handle) -> bool {
        let slot = self.slots.get(handle.slot);
        slot.is_some_and(|slot| slot.generation == handle.generation && slot.connection.is_some())
    }

    /// Every connection of a host, to all machines or to this one.
    pub(crate) fn of_host(&self, host: usize, at: Option<MachineId>) -> Vec<Handle> {
        let of_host = |(_, slot): &(usize, &Slot)| {
            slot.host == host
                && at.is_none_or(|machine| machine == slot.machine)
                && slot.connection.is_some()
        };
        let handle =
            |(index, slot): (usize, &Slot)| Handle { slot: index, generation: slot.generation };
        self.slots.iter().enumerate().filter(of_host).map(handle).collect()
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
    pub(crate) fn note(
        &mut self,
        handle: Handle,
        sql: &str,
        arguments: impl FnOnce() -> Option<MakeArguments>,
    ) {
        let Some(slot) = self.slots.get(handle.slot) else { return };
        let (connection, database) = (slot.generation, slot.database.clone());
        if let Some(statements) = &mut self.statements {
            let (sql, arguments) = (sql.to_owned(), arguments());
            statements.push(Statement { connection, database, sql, arguments });
        }
    }

    /// The statements of the run.
    pub(crate) fn take_statements(&mut self) -> Vec<Statement> {
        self.statements.take().unwrap_or_default()
    }

    /// Takes out every connection, used or not.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = AnyConnection> + use<> {
        let open = std::mem::take(&mut self.slots).into_iter().filter_map(|slot| slot.connection);
        open.chain(std::mem::take(&mut self.spare).into_values().flatten())
    }
}
