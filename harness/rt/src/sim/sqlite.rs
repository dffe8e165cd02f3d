//! The parts specific to SQLite: how a connection is opened, which errors mean a lock, injected errors, how watched
//! rows are read, and where the databases of a run are kept.

use std::{
    io,
    path::{Path, PathBuf},
};

use chaosdrill_core::ErrorKind;
use sqlx::{
    AnyConnection, ConnectOptions, Connection, Error, Executor, any::AnyConnectOptions,
    error::ErrorKind as SqlErrorKind,
};

use crate::sim::{inline::inline, ordered_error::OrderedError, simulator};

pub(crate) mod row_watches;

/// SQLITE_BUSY and SQLITE_BUSY_RECOVERY: another connection holds a lock.
const BUSY_CODES: [&str; 2] = ["5", "261"];

/// The harness does the waiting: it retries a busy database on the virtual clock. Foreign keys are on by sqlx's
/// default.
const SETTINGS: &str = "PRAGMA busy_timeout = 0; PRAGMA synchronous = OFF;";

/// Settings for a new database; the file remembers them.
const SETTINGS_OF_A_NEW_FILE: &str = "PRAGMA journal_mode = WAL;";

/// Opens the file of a database, and creates it if it does not exist.
pub(crate) fn connect(path: &Path) -> Result<AnyConnection, Error> {
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

/// Whether the operation must wait for a lock.
pub(crate) fn is_blocked(error: &Error) -> bool {
    match error {
        Error::Database(error) => error.code().is_some_and(|code| BUSY_CODES.contains(&&*code)),
        _ => false,
    }
}

/// The error that a fault injects; `None` for an error of the connection. Codes are SQLite's or SQLSTATEs, as the kind
/// says.
pub(crate) fn error(kind: ErrorKind) -> Option<OrderedError> {
    let other = || SqlErrorKind::Other;
    let (code, message, kind): (_, _, fn() -> SqlErrorKind) = match kind {
        ErrorKind::Reset
        | ErrorKind::Refused
        | ErrorKind::Precondition
        | ErrorKind::Torn
        | ErrorKind::Injected => return None,
        ErrorKind::Busy => ("5", "database is locked", other),
        ErrorKind::Serialization => {
            ("40001", "could not serialize access due to concurrent update", other)
        }
        ErrorKind::Deadlock => ("40P01", "deadlock detected", other),
        ErrorKind::Constraint => {
            ("275", "CHECK constraint failed", || SqlErrorKind::CheckViolation)
        }
        ErrorKind::Full => ("13", "database or disk is full", other),
    };
    Some(OrderedError { code, message, kind })
}

/// Copies the databases of a run to another folder; a single database is named `db.sqlite`.
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
