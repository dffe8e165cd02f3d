//! The files of the repository as data, so that a test can pass a small tree to a rule.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// Folders without files that are written by hand.
const SKIPPED: [&str; 2] = [".git", "target"];

/// The folder of what the targets share.
const KIT: &str = "targets/kit";

/// One text file.
#[derive(Clone, Debug)]
pub struct File {
    /// The path from the root, with slashes.
    pub path: String,
    /// The contents.
    pub text: String,
}

impl File {
    /// Whether it is a Rust source.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether all of it is test code: an integration test, or a test module in a file of its own.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }
}

/// All text files, sorted by path.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: Vec<File>,
}

impl Tree {
    /// A tree of these files, as paths and contents.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|&(path, text)| File { path: path.into(), text: text.into() });
        let mut tree = Self { files: files.collect() };
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree
    }

    /// Reads a folder, except for build output and files that are not text.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))?;
            for entry in entries {
                let path = entry?.path();
                let is_skipped = SKIPPED.iter().any(|name| path.ends_with(name));
                if path.is_dir() && !path.is_symlink() && !is_skipped {
                    folders.push(path);
                } else if path.is_file()
                    && !is_skipped
                    && let Ok(text) = fs::read_to_string(&path)
                {
                    let path = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
                    tree.files.push(File { path, text });
                }
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// All Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// All files whose path has that prefix.
    pub fn under(&self, prefix: &str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.path.starts_with(prefix))
    }

    /// The file with that path.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The folders of the targets, such as `targets/outbox`.
    pub fn targets(&self) -> Vec<&str> {
        let manifests = self.under("targets/").filter_map(|file| {
            let folder = file.path.strip_suffix("/Cargo.toml")?;
            (folder.matches('/').count() == 1 && folder != KIT).then_some(folder)
        });
        manifests.collect()
    }

    /// The folder of what the targets share, if there is one: production code as they are, and no pipeline of its own.
    pub fn kit(&self) -> Option<&'static str> {
        self.get(&format!("{KIT}/Cargo.toml")).map(|_| KIT)
    }
}

/// The root of the repository.
///
/// It comes from the environment at run time. The value from build time may belong to another checkout, if several
/// checkouts share one target folder.
pub fn root() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).ancestors().nth(2).expect("ci/xtask is two folders deep").to_owned()
}

/// A violation of a rule: the place, the problem, and the replacement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    /// The file.
    pub path: String,
    /// The line; 0 for the whole file.
    pub line: usize,
    /// The problem, and the replacement.
    pub text: String,
}

impl Complaint {
    /// A complaint about one line.
    pub fn at(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.into(), line, text: text.into() }
    }

    /// A complaint about a whole file or folder.
    pub fn of(path: &str, text: impl Into<String>) -> Self {
        Self::at(path, 0, text)
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.text),
            line => write!(f, "{}:{line}: {}", self.path, self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_read_without_its_build_output() {
        let tree = Tree::read(&root()).expect("the repository is here");
        assert!(tree.get("ci/xtask/src/tree.rs").is_some());
        assert!(tree.get("Cargo.lock").is_some());
        assert_eq!(tree.files().filter(|file| file.path.starts_with("target/")).count(), 0);
    }

    #[test]
    fn targets_are_folders_with_a_manifest() {
        let tree = Tree::of(&[
            ("targets/kit/Cargo.toml", ""),
            ("targets/outbox/Cargo.toml", ""),
            ("targets/outbox/fuzz/Cargo.toml", ""),
            ("targets/clippy.toml", ""),
        ]);
        assert_eq!(tree.targets(), ["targets/outbox"]);
        assert_eq!(tree.kit(), Some("targets/kit"));
    }
}
