//! Temporary folders for the lifetime of a process, in memory if possible.
//!
//! A killed process leaves its folders behind, and the next one removes them. A process id would not identify the
//! owner: ids are reused, and another container that shares the folder has ids of its own. So each folder contains a
//! file that its process keeps locked: if the file can be locked, the folder is abandoned. A folder without such a file
//! is not ours, whatever its name.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

const PREFIX: &str = "chaosdrill-";

/// The file that is locked while the folder is in use.
const LOCK: &str = ".in-use";

/// A new folder, which is removed on drop.
pub(crate) struct Scratch {
    folder: TempDir,
    _lock: File,
}

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the folder, and returns the error if that fails.
    pub(crate) fn close(self) -> io::Result<()> {
        self.folder.close()
    }
}

fn base() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// Creates a folder that is empty except for its lock.
pub(crate) fn folder() -> io::Result<Scratch> {
    let make = || {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(base())?;
        // The file is renamed once it is locked, otherwise another process could take the folder for abandoned.
        let unnamed = folder.path().join(".new");
        let lock = File::create_new(&unnamed)?;
        lock.try_lock()?;
        fs::rename(unnamed, folder.path().join(LOCK))?;
        Ok(Scratch { folder, _lock: lock })
    };
    make().map_err(|why: io::Error| {
        io::Error::new(
            why.kind(),
            format!("failed to create a folder in {}: {why}", base().display()),
        )
    })
}

/// Removes the folders of dead processes. Folders that cannot be removed are left alone.
pub(crate) fn clear_away() {
    let Ok(entries) = fs::read_dir(base()) else { return };
    for entry in entries.flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let has_name = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_folder && has_name && is_left_behind(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a process created this folder and is dead.
fn is_left_behind(folder: &Path) -> bool {
    File::options().write(true).open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner() {
        let (one, other) = (folder().expect("a folder"), folder().expect("another"));
        assert_ne!(one.path(), other.path());
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists());
    }

    #[test]
    fn only_what_the_dead_left_is_cleared_away() {
        let make = |name: &str| {
            let folder = base().join(format!("{PREFIX}{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).expect("it can be made");
            folder
        };
        let (dead, foreign, living) = (make("dead"), make("foreign"), folder().expect("a folder"));
        // The process is dead, and its lock is released.
        fs::write(dead.join(LOCK), "").expect("it can be written");
        fs::write(foreign.join("letter"), "mine").expect("it can be written");
        clear_away();
        let left = (dead.exists(), living.path().exists(), foreign.join("letter").exists());
        let _ = fs::remove_dir_all(&foreign);
        assert_eq!(left, (false, true, true));
    }
}
