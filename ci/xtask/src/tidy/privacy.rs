//! The repository has no data of a single machine: no personal paths, and no registry other than the public one.

use crate::tree::{Complaint, File, Tree};

/// This file, which contains the texts it looks for.
const OWN: &str = "ci/xtask/src/tidy/privacy.rs";

/// Folders that exist on one machine only.
const PRIVATE: [&str; 5] = ["/home/", "/root/", "/work/", "/Users/", "C:\\Users"];

/// Hosts of registries, and words that configure a registry in a manifest or a tool.
const REGISTRIES: [&str; 9] = [
    "sparse+",
    "index.crates.io",
    "static.crates.io",
    "replace-with",
    "[registries",
    "registry.npmjs.org",
    "pypi.org/simple",
    "proxy.golang.org",
    "artifactory",
];

/// The public registry in the lock file.
const PUBLIC: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// No file has a private path or the host of a registry.
pub(super) fn nothing_private(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for file in tree.files().filter(|file| file.path != OWN) {
        for (number, line) in file.lines() {
            let complain = |text: String| Complaint::at(&file.path, number, text);
            if let Some(path) = PRIVATE.iter().find(|path| begins_a_path(line, path)) {
                found.push(complain(format!(
                    "`{path}` is a folder of one machine; write a path from the root of the repository"
                )));
            }
            if let Some(host) = REGISTRIES.iter().find(|host| line.contains(*host)) {
                found.push(complain(format!(
                    "`{host}` points at a registry; leave that to the configuration of the machine"
                )));
            }
            if let Some(source) = foreign_source(file, line) {
                found.push(complain(format!(
                    "{source} is not the public registry; lock the package from that"
                )));
            }
        }
    }
    found
}

/// Whether a path in the line begins with `path`. In the middle of a longer path it does not count.
fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"}).-_*/".contains(letter))
    })
}

/// The source of a locked package, if it is not the public registry.
fn foreign_source<'a>(file: &File, line: &'a str) -> Option<&'a str> {
    let source = line.strip_prefix("source = ").filter(|_| file.path.ends_with("Cargo.lock"))?;
    (source.trim_matches('"') != PUBLIC).then_some(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn what_belongs_to_one_machine_is_seen() {
        let lock = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
                    source = \"git+https://example.org/x\"\n";
        let files = [
            ("Cargo.lock", lock),
            ("a.md", "see /home/ada/x\nand shop.example/home/x, `${HOME}/work/x`\n"),
            ("b.snap", "path: \"/root/a\"\n"),
            (".cargo/config.toml", "[source.crates-io]\nreplace-with = \"mirror\"\n"),
        ];
        insta::assert_snapshot!(red(nothing_private, &files), @r#"
        .cargo/config.toml:2: `replace-with` points at a registry; leave that to the configuration of the machine
        Cargo.lock:2: "git+https://example.org/x" is not the public registry; lock the package from that
        a.md:1: `/home/` is a folder of one machine; write a path from the root of the repository
        b.snap:1: `/root/` is a folder of one machine; write a path from the root of the repository
        "#);
    }
}
