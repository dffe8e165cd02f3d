//! Operations on the databases of the simulation at hand.
//!
//! sqlx runs each SQLite connection on a thread of its own. An operation is driven to its end right here, while
//! virtual time stands still, so the simulator never sees it wait.

use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
};

use sqlx::{AnyConnection, ConnectOptions, Connection, Executor, any::AnyConnectOptions};

pub(crate) use crate::sim::databases::{Handle, MakeArguments};
use crate::sim::{
    context, databases::Databases, measure::measure, profile::Part, simulation, simulator,
};

/// Runs `f` on the databases of the simulation at hand.
fn with<R>(f: impl FnOnce(&mut Databases) -> R) -> R {
    simulation::with(|simulation| f(&mut simulation.databases.borrow_mut()))
}

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
    measure(Part::Sqlx, || match context::here() {
        Some(_) => measure(Part::SqlxInHosts, || drive(future)),
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
    let (spare, path) =
        with(|databases| (databases.take_spare(database), databases.path(database)));
    let connection = match spare {
        Some(connection) => connection,
        None => connect(&path)?,
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

/// Ends every connection of a host; the host hears of it when it next uses one.
pub(crate) fn close_host(host: usize) {
    with(|databases| databases.of_host(host)).into_iter().for_each(close);
}

/// Closes everything, and waits for it: a connection that is only dropped closes some time later.
pub(crate) fn close_all() {
    for connection in with(Databases::take_all) {
        let _ = inline(connection.close());
    }
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
