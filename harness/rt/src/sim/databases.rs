//! The databases of one simulation: real SQLite files, and every connection that is open to them.
//!
//! The connections stand in this registry and not in the handles that hosts hold: a crash takes them away and rolls
//! them back at once, whatever the host's memory still looks like.

use std::{collections::BTreeMap, path::PathBuf};

use sqlx::AnyConnection;

use chaosdrill_core::run::DatabaseKind;

use crate::sim::{finished::Statement, host::MachineId};

/// A database, on the machine that has it.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) machine: MachineId,
    pub(crate) kind: DatabaseKind,
    /// Its name, with that of its machine if it is not the first that has databases.
    pub(crate) key: String,
}

/// One open connection.
struct Slot {
    connection: Option<AnyConnection>,
    database: String,
    machine: MachineId,
    host: usize,
    /// Counts the users of the slot, so that a handle cannot reach its successor's connection.
    generation: u64,
}

/// All databases of a simulation.
#[derive(Default)]
pub(crate) struct Databases {
    folder: PathBuf,
    slots: Vec<Slot>,
    /// Connections whose users are gone, by database: opening one is the dearest step of all.
    spare: BTreeMap<String, Vec<AnyConnection>>,
    generation: u64,
    /// By database: operations that were not refused because somebody else held it. Only they change what is held.
    turns: BTreeMap<String, u64>,
    /// Executed statements, if they are wanted.
    statements: Option<Vec<Statement>>,
}

/// A host's hold on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle {
    slot: usize,
    generation: u64,
}

/// The name of the file of a database.
pub(crate) fn file_of(database: &str) -> String {
    format!("{}.db", database.replace('/', "."))
}

/// Makes the arguments of a statement.
pub(crate) type MakeArguments = Box<dyn Fn() -> sqlx::any::AnyArguments + Send>;

impl Databases {
    pub(crate) fn new(folder: PathBuf, record_statements: bool) -> Self {
        Self { folder, statements: record_statements.then(Vec::new), ..Self::default() }
    }

    /// The file of a database.
    pub(crate) fn path(&self, database: &str) -> PathBuf {
        self.folder.join(file_of(database))
    }

    /// An open connection that nobody uses.
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

    /// Takes a connection out for an operation; `None` if it is gone.
    pub(crate) fn take(&mut self, handle: Handle) -> Option<AnyConnection> {
        let slot = self.slots.get_mut(handle.slot)?;
        if slot.generation == handle.generation { slot.connection.take() } else { None }
    }

    /// Puts a connection back after an operation.
    pub(crate) fn put_back(&mut self, handle: Handle, connection: AnyConnection) {
        self.slots[handle.slot].connection = Some(connection);
    }

    /// Keeps a connection that was ended for the next user.
    pub(crate) fn set_aside(&mut self, handle: Handle, connection: AnyConnection) {
        let database = self.slots[handle.slot].database.clone();
        self.spare.entry(database.clone()).or_default().push(connection);
        self.had_a_turn(&database);
    }

    /// Whether the connection is still there.
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

    /// How many operations a database has carried out that may have changed who holds it.
    pub(crate) fn turns(&self, database: &str) -> u64 {
        self.turns.get(database).copied().unwrap_or_default()
    }

    /// A database carried out an operation, or failed at it for another reason than that somebody held it.
    pub(crate) fn had_a_turn(&mut self, database: &str) {
        match self.turns.get_mut(database) {
            Some(turns) => *turns += 1,
            None => drop(self.turns.insert(database.to_owned(), 1)),
        }
    }

    /// Notes a statement that is about to be executed, if that is wanted.
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
