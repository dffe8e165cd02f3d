//! Folders that live as long as a process needs them, in memory where the system has such a place.
//!
//! A process that is killed leaves its folders behind, and its id is given to another one some day. So every folder
//! has a name that no other has or had, and a parent process clears away what the dead have left.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

const PREFIX: &str = "chaosdrill-";

fn base() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// A new and empty folder, which is removed when it is dropped.
pub(crate) fn folder() -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(&format!("{PREFIX}{}-", std::process::id()))
        .tempdir_in(base())
        .map_err(|why| {
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
        let name = entry.file_name();
        let owner = name.to_str().and_then(owner_of);
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner.to_string()).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The process that made the folder of this name.
fn owner_of(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_folder_is_met_twice() {
        let (one, other) = (folder().expect("a folder"), folder().expect("another"));
        assert_ne!(one.path(), other.path());
        let name = one.path().file_name().and_then(|name| name.to_str()).expect("a plain name");
        assert_eq!(owner_of(name), Some(std::process::id()));
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists());
    }

    #[test]
    fn what_the_dead_left_is_cleared_away() {
        // No process has such an id: the kernel's largest is 2^22.
        let dead = base().join(format!("{PREFIX}{}-x", (1 << 22) + 1));
        let living = folder().expect("a folder");
        let foreign = base().join(format!("{PREFIX}of-somebody"));
        for folder in [&dead, &foreign] {
            fs::create_dir_all(folder).expect("it can be made");
        }
        clear_away();
        let left = (dead.exists(), living.path().exists(), foreign.exists());
        let _ = fs::remove_dir(&foreign);
        assert_eq!(left, (false, true, true));
    }
}
