//! The file of a new database, as a copy of the first one that this process created.
//!
//! A new file is empty but for its settings, so all are the same, byte for byte. SQLite creates one through a journal
//! and several syncs; the copy is one write.

use std::{path::Path, sync::OnceLock};

/// The bytes of a new file.
static BYTES: OnceLock<Vec<u8>> = OnceLock::new();

/// Creates the file as a copy; `false` if there is none to copy, or it cannot be written.
pub(super) fn copy(path: &Path) -> bool {
    let Some(bytes) = BYTES.get() else { return false };
    let is_written = std::fs::write(path, bytes).is_ok();
    if !is_written {
        let _ = std::fs::remove_file(path);
    }
    is_written
}

/// Keeps the bytes of a file that SQLite has just created.
pub(super) fn remember(path: &Path) {
    if let Ok(bytes) = std::fs::read(path) {
        // Another simulation of this process may have been first, with the same bytes.
        let _ = BYTES.set(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Connection, open};

    #[test]
    fn a_copy_is_what_sqlite_creates() {
        let folder = tempfile::tempdir().expect("a folder");
        let [created, copied] = ["a", "b"].map(|name| {
            let path = folder.path().join(name);
            drop(Connection::open(&path).expect("SQLite creates it"));
            let new = std::fs::read(&path).expect("it is there");
            let connection = open(&path).expect("it opens");
            let mode: String = connection
                .pragma_query_value(None, "journal_mode", |row| row.get(0))
                .expect("it has one");
            let used = connection.execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (1);");
            used.expect("it can be used");
            drop(connection);
            (new, mode, std::fs::read(&path).expect("it is there"))
        });
        assert_eq!(created, copied);
        assert_eq!(created.1, "wal");
    }
}
