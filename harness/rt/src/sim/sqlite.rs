//! The parts specific to SQLite: connections, which errors mean a lock, injected errors, how watched rows are read, and
//! where the databases of a run are kept.

use std::{
    ffi::CStr,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use chaosdrill_core::{
    ErrorKind,
    request::sql::{Constraint, Error},
};
use rusqlite::OpenFlags;

pub(crate) use self::connection::Connection;

mod connection;
mod new_file;
pub(crate) mod row_changes;
pub(crate) mod row_watches;

/// SQLITE_BUSY and SQLITE_BUSY_RECOVERY: another connection holds a lock.
const BUSY_CODES: [&str; 2] = ["5", "261"];

/// SQLite's own access to files, but locks are kept in the memory of this process instead of the kernel, and so is the
/// index of the write-ahead log. No other process opens the databases of a run, and connections of one process exclude
/// each other in the same way.
const VFS: &CStr = c"unix-excl";

/// Opens the file of a database, and creates it if it does not exist.
fn open(path: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let connection =
        rusqlite::Connection::open_with_flags_and_vfs(path, OpenFlags::default(), VFS)?;
    // The harness does the waiting, on the virtual clock.
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

/// Whether the operation must wait for a lock.
pub(crate) fn is_blocked(error: &Error) -> bool {
    matches!(error, Error::Database { code, .. } if BUSY_CODES.contains(&code.as_str()))
}

/// The error that a fault injects; `None` for an error of the connection. Codes are SQLite's or SQLSTATEs, as the kind
/// says.
pub(crate) fn error(kind: ErrorKind) -> Option<Error> {
    let (code, message, violates) = match kind {
        ErrorKind::Reset
        | ErrorKind::Refused
        | ErrorKind::Precondition
        | ErrorKind::Torn
        | ErrorKind::Injected => return None,
        ErrorKind::Busy => ("5", "database is locked", None),
        ErrorKind::Serialization => {
            ("40001", "could not serialize access due to concurrent update", None)
        }
        ErrorKind::Deadlock => ("40P01", "deadlock detected", None),
        ErrorKind::Constraint => ("275", "CHECK constraint failed", Some(Constraint::Check)),
        ErrorKind::Unique => ("2067", "UNIQUE constraint failed", Some(Constraint::Unique)),
        ErrorKind::Full => ("13", "database or disk is full", None),
    };
    Some(Error::Database { code: code.to_owned(), message: message.to_owned(), violates })
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
