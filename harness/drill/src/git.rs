//! What git knows of the folder in which the program runs. Without git, or outside a repository, it knows nothing.

use std::process::Command;

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
