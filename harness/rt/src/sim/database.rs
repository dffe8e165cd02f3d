//! The databases of one simulation: real SQLite files, and every connection that is open to them.
//!
//! sqlx runs each SQLite connection on a thread of its own. An operation is driven to its end right here, while
//! virtual time stands still, so the simulator never sees it wait. The connections stand in this registry and not
//! in the handles that hosts hold: a crash takes them away and rolls them back at once, whatever the host's
//! memory still looks like.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
};

use sqlx::{AnyConnection, ConnectOptions, Connection, Executor, any::AnyConnectOptions};

use crate::sim::{
    Statement, gate, inspector,
    profile::{self, Part},
    simulator, world,
};

/// Waiting is the harness's own affair: a busy database is retried on the virtual clock. Foreign keys are on by sqlx's
/// own default.
const SETTINGS: &str = "PRAGMA busy_timeout = 0; PRAGMA synchronous = OFF;";

/// What a new database is told once; the file remembers it.
const SETTINGS_OF_A_NEW_FILE: &str = "PRAGMA journal_mode = WAL;";

struct Wakeup(Thread);

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives a future to its end on this thread, in no virtual time.
pub(crate) fn inline<F: Future>(future: F) -> F::Output {
    profile::measure(Part::Sqlx, || match gate::here() {
        Some(_) => profile::measure(Part::SqlxInHosts, || drive(future)),
        None => drive(future),
    })
}

fn drive<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Wakeup(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            // Never with a time-out: its deadline would be read from the virtual clock.
            Poll::Pending => std::thread::park(),
        }
    }
}

/// One open connection.
struct Slot {
    connection: Option<AnyConnection>,
    database: String,
    host: usize,
    /// Counts the users of the slot, so that a handle cannot reach its successor's connection.
    generation: u64,
}

#[derive(Default)]
struct Databases {
    folder: PathBuf,
    slots: Vec<Slot>,
    /// Connections whose users are gone, by database: opening one is the dearest step of all.
    spare: BTreeMap<String, Vec<AnyConnection>>,
    generation: u64,
    /// By database: operations that were not refused because somebody else held it. Only they change what is held.
    turns: BTreeMap<String, u64>,
    /// Executed statements, where they are wanted.
    statements: Option<Vec<Statement>>,
}

thread_local! {
    static DATABASES: RefCell<Databases> = RefCell::default();
}

/// A host's hold on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle {
    slot: usize,
    generation: u64,
}

/// Makes the registry of a new simulation.
pub(crate) fn install(folder: &Path, record_statements: bool) {
    let statements = record_statements.then(Vec::new);
    DATABASES.set(Databases { folder: folder.to_owned(), statements, ..Databases::default() });
    sqlx::any::install_default_drivers();
}

pub(crate) fn connect(path: &Path) -> Result<AnyConnection, sqlx::Error> {
    let is_new = !path.exists();
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let options: AnyConnectOptions = url.parse()?;
    let options = options.disable_statement_logging();
    let mut connection =
        simulator::on_any_thread(async move { AnyConnection::connect_with(&options).await })?;
    inline(async {
        if is_new {
            connection.execute(SETTINGS_OF_A_NEW_FILE).await?;
        }
        connection.execute(SETTINGS).await?;
        Ok(connection)
    })
}

/// The name of a database from its URL: `sqlite:outbox.db` is `outbox`.
pub(crate) fn name_of(url: &str) -> String {
    let rest = url.split_once(':').map_or(url, |(_, rest)| rest);
    let rest = rest.split('?').next().unwrap_or_default();
    let file = rest.rsplit('/').next().unwrap_or_default();
    let stem = file.strip_suffix(".db").unwrap_or(file);
    let plain: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    if plain.is_empty() { "main".to_owned() } else { plain }
}

/// Opens a connection for a host.
pub(crate) fn open(database: &str, host: usize) -> Result<Handle, sqlx::Error> {
    let (spare, path) = DATABASES.with_borrow_mut(|databases| {
        let spare = databases.spare.get_mut(database).and_then(Vec::pop);
        (spare, databases.folder.join(format!("{database}.db")))
    });
    let connection = match spare {
        Some(connection) => connection,
        None => connect(&path)?,
    };
    Ok(DATABASES.with_borrow_mut(|databases| {
        databases.generation += 1;
        let generation = databases.generation;
        let slot =
            Slot { connection: Some(connection), database: database.to_owned(), host, generation };
        let free = databases.slots.iter().position(|slot| slot.connection.is_none());
        let index = match free {
            Some(index) => {
                databases.slots[index] = slot;
                index
            }
            None => {
                databases.slots.push(slot);
                databases.slots.len() - 1
            }
        };
        Handle { slot: index, generation }
    }))
}

/// Runs an operation on a connection; nothing where the connection is gone.
///
/// sqlx's thread answers with an error before it has reset the statement, and only asks for the rollback of a
/// transaction that is dropped over an error: for a moment of real time its locks are still there. Whoever came
/// next would meet them or not, as the threads happen to run. So after an error the thread is waited for.
pub(crate) fn run<T, E>(
    handle: Handle,
    operation: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Option<Result<T, E>> {
    let mut connection = take(handle)?;
    let output = operation(&mut connection);
    if output.is_err() {
        let _ = inline(connection.ping());
    }
    DATABASES
        .with_borrow_mut(|databases| databases.slots[handle.slot].connection = Some(connection));
    Some(output)
}

fn take(handle: Handle) -> Option<AnyConnection> {
    DATABASES.with_borrow_mut(|databases| {
        let slot = databases.slots.get_mut(handle.slot)?;
        if slot.generation == handle.generation { slot.connection.take() } else { None }
    })
}

/// How many operations a database has carried out that may have changed who holds it.
pub(crate) fn turns(database: &str) -> u64 {
    DATABASES.with_borrow(|databases| databases.turns.get(database).copied().unwrap_or_default())
}

/// A database carried out an operation, or failed at it for another reason than that somebody held it.
pub(crate) fn had_a_turn(database: &str) {
    DATABASES.with_borrow_mut(|databases| match databases.turns.get_mut(database) {
        Some(turns) => *turns += 1,
        None => drop(databases.turns.insert(database.to_owned(), 1)),
    });
}

/// Notes a statement that is about to be executed, where that is wanted.
pub(crate) fn note(handle: Handle, sql: &str, arguments: impl FnOnce() -> Option<MakeArguments>) {
    DATABASES.with_borrow_mut(|databases| {
        let Some(slot) = databases.slots.get(handle.slot) else { return };
        let (connection, database) = (slot.generation, slot.database.clone());
        if let Some(statements) = &mut databases.statements {
            let (sql, arguments) = (sql.to_owned(), arguments());
            statements.push(Statement { connection, database, sql, arguments });
        }
    });
}

/// Makes the arguments of a statement.
pub(crate) type MakeArguments = Box<dyn Fn() -> sqlx::any::AnyArguments + Send>;

/// The statements of the run.
pub(crate) fn take_statements() -> Vec<Statement> {
    DATABASES.with_borrow_mut(|databases| databases.statements.take()).unwrap_or_default()
}

/// Whether the connection is still there.
pub(crate) fn is_open(handle: Handle) -> bool {
    DATABASES.with_borrow(|databases| {
        let slot = databases.slots.get(handle.slot);
        slot.is_some_and(|slot| slot.generation == handle.generation && slot.connection.is_some())
    })
}

/// Ends a connection: what it had begun is rolled back at once.
pub(crate) fn close(handle: Handle) {
    if let Some(mut connection) = take(handle) {
        roll_back(&mut connection);
        let database = DATABASES.with_borrow_mut(|databases| {
            let database = databases.slots[handle.slot].database.clone();
            databases.spare.entry(database.clone()).or_default().push(connection);
            database
        });
        had_a_turn(&database);
    }
}

fn roll_back(connection: &mut AnyConnection) {
    // SQLite answers with an error where there is nothing to roll back.
    let _ = inline(connection.execute("ROLLBACK"));
    let _ = inline(connection.ping());
}

/// Ends every connection of a host.
pub(crate) fn close_host(host: usize) {
    let handles = DATABASES.with_borrow(|databases| {
        let of_host = |(_, slot): &(usize, &Slot)| slot.host == host && slot.connection.is_some();
        let handle =
            |(index, slot): (usize, &Slot)| Handle { slot: index, generation: slot.generation };
        databases.slots.iter().enumerate().filter(of_host).map(handle).collect::<Vec<_>>()
    });
    handles.into_iter().for_each(close);
}

/// Resets every connection of a host; the host hears of it when it next uses one.
pub(crate) fn reset_host(host: usize) {
    close_host(host);
}

/// Resets every connection of every host.
pub(crate) fn reset_all() {
    let hosts = world::with(|world| world.hosts.len());
    (0..hosts).for_each(close_host);
}

/// Closes everything, and waits for it: a connection that is only dropped closes some time later.
pub(crate) fn close_all() {
    let mut databases = DATABASES.take();
    let statements = databases.statements.take();
    DATABASES.set(Databases { statements, ..Databases::default() });
    let open = databases.slots.into_iter().filter_map(|slot| slot.connection);
    let spare = databases.spare.into_values().flatten();
    for connection in open.chain(spare) {
        let _ = inline(connection.close());
    }
    inspector::close();
}

/// Copies the databases of a run to where they are kept; one alone is `db.sqlite`.
pub(crate) fn keep(folder: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "db") {
            files.push(path);
        }
    }
    files.sort();
    for file in &files {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = if files.len() == 1 { "db.sqlite".to_owned() } else { format!("{stem}.sqlite") };
        std::fs::copy(file, to.join(name))?;
    }
    Ok(())
}
