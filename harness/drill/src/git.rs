//! What git knows of the folder in which the program runs. Without git, or outside a repository, it knows nothing.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The commit that is checked out, as 40 hex digits.
pub(crate) fn head() -> Option<String> {
    commit("HEAD")
}

/// The commit of a name, such as a short hash, as 40 hex digits.
pub(crate) fn commit(name: &str) -> Option<String> {
    let name = format!("{name}^{{commit}}");
    let git =
        Command::new("git").args(["rev-parse", "--verify", "--quiet", &name]).output().ok()?;
    let text = String::from_utf8(git.stdout).ok()?;
    let is_hash = |text: &str| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    Some(text.trim().to_owned()).filter(|text| is_hash(text))
}

/// A path as commands in a report name it: from the root of the repository if it is inside, otherwise as it was given.
pub(crate) fn path_from_root(path: &Path) -> PathBuf {
    let inside = || Some(path.canonicalize().ok()?.strip_prefix(root()?).ok()?.to_owned());
    inside().unwrap_or_else(|| path.to_owned())
}

/// The root of the repository in which the program runs.
fn root() -> Option<&'static Path> {
    static ROOT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let ask = || {
        let git = Command::new("git").args(["rev-parse", "--show-toplevel"]).output().ok()?;
        let root = String::from_utf8(git.stdout).ok()?;
        Path::new(root.trim_end()).canonicalize().ok().filter(|_| git.status.success())
    };
    ROOT.get_or_init(ask).as_deref()
}
