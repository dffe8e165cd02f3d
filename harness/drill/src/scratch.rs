//! Folders that live as long as a process needs them, in memory if the system has such a place.
//!
//! A process that is killed leaves its folders behind, and the next one removes them. A process id would not say whose
//! a folder is: ids are reused, and another container that shares the folder counts its own. So each folder holds a
//! file that its process keeps locked: a folder whose file can be locked belongs to nobody any more. A folder without
//! such a file is not ours, whatever its name.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

const PREFIX: &str = "chaosdrill-";

/// The file that is locked as long as somebody uses the folder.
const LOCK: &str = ".in-use";

/// A new folder, which is removed when it is dropped.
pub(crate) struct Scratch {
    folder: TempDir,
    _lock: File,
}

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the folder, and says why that failed.
    pub(crate) fn close(self) -> io::Result<()> {
        self.folder.close()
    }
}

fn base() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// A new folder, which is empty but for its lock.
pub(crate) fn folder() -> io::Result<Scratch> {
    let make = || {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(base())?;
        // It gets its name once it is locked, or another process could find it free.
        let unnamed = folder.path().join(".new");
        let lock = File::create_new(&unnamed)?;
        lock.try_lock()?;
        fs::rename(unnamed, folder.path().join(LOCK))?;
        Ok(Scratch { folder, _lock: lock })
    };
    make().map_err(|why: io::Error| {
        io::Error::new(
            why.kind(),
            format!("failed to make a folder in {}: {why}", base().display()),
        )
    })
}

/// Removes the folders of processes that are no more. What cannot be removed is left alone.
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

/// Whether a process made this folder for itself and is no more.
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
        // Its process is gone, and with it the lock.
        fs::write(dead.join(LOCK), "").expect("it can be written");
        fs::write(foreign.join("letter"), "mine").expect("it can be written");
        clear_away();
        let left = (dead.exists(), living.path().exists(), foreign.join("letter").exists());
        let _ = fs::remove_dir_all(&foreign);
        assert_eq!(left, (false, true, true));
    }
}
