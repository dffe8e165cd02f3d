//! A nested `clippy.toml` repeats all of the root's, because clippy uses only the innermost one.

use toml::{Table, Value};

use crate::{
    manifest::excluded,
    tree::{Complaint, File, Tree},
};

const ROOT: &str = "clippy.toml";
const TARGETS: &str = "targets/clippy.toml";

/// Bans in targets, in addition to those of the root. Clippy cannot ban tokio's timers, because rt re-exports them:
/// clippy identifies an item by its definition, and not by the name that is used.
const IN_TARGETS: [&str; 6] = [
    "tokio::spawn",
    "tokio::task::spawn",
    "tokio::select",
    "tokio::net::TcpListener",
    "tokio::net::TcpStream",
    "sqlx::Pool",
];

/// Every nested file has the bans of the root, and that of the targets has their own bans. A workspace that the root
/// excludes has its own rules.
pub(super) fn repeats(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for path in [ROOT, TARGETS] {
        if tree.get(path).is_none() {
            found.push(Complaint::of(
                path,
                "is missing; clippy enforces house rules through it, restore it",
            ));
        }
    }
    let Some(root) = tree.get(ROOT) else { return found };
    let root = match read(root) {
        Ok(root) => root,
        Err(complaint) => return vec![complaint],
    };
    let excluded = excluded(tree);
    let is_inner = |file: &&File| {
        (file.path.ends_with("/clippy.toml") || file.path.ends_with("/.clippy.toml"))
            && !excluded.iter().any(|folder| file.path.starts_with(folder))
    };
    for file in tree.files().filter(is_inner) {
        match read(file) {
            Ok(inner) => found.extend(missing(&root, &inner, file)),
            Err(complaint) => found.push(complaint),
        }
    }
    found
}

fn read(file: &File) -> Result<Table, Complaint> {
    file.text.parse().map_err(|error: toml::de::Error| Complaint::of(&file.path, error.message()))
}

fn missing(root: &Table, inner: &Table, file: &File) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (key, value) in root {
        let known = paths(inner.get(key));
        for path in paths(Some(value)).into_iter().filter(|path| !known.contains(path)) {
            let text = format!(
                "`{key}` lacks `{path}`; this file replaces the root's, copy the line from there"
            );
            found.push(Complaint::of(&file.path, text));
        }
        if !value.is_array() && inner.get(key) != Some(value) {
            let text = format!("`{key}` differs from the root's; copy the line from there");
            found.push(Complaint::of(&file.path, text));
        }
    }
    if file.path == TARGETS {
        let all: Vec<&str> = inner.values().flat_map(|value| paths(Some(value))).collect();
        let gone = IN_TARGETS.iter().filter(|path| !all.contains(path));
        found.extend(gone.map(|path| {
            Complaint::of(
                TARGETS,
                format!("lacks `{path}`, which targets use through chaosdrill_rt; ban it"),
            )
        }));
    }
    found
}

/// The paths in a list of bans.
fn paths(list: Option<&Value>) -> Vec<&str> {
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(|entry| entry.as_str().or_else(|| entry.get("path")?.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_forgotten_rule_is_seen() {
        let root =
            "msrv = \"1.94\"\ndisallowed-types = [\"a::B\", { path = \"c::D\", reason = \"r\" }]\n";
        let targets = "disallowed-types = [\"a::B\", \"sqlx::Pool\", \"tokio::net::TcpListener\", \
                       \"tokio::net::TcpStream\"]\ndisallowed-macros = [\"tokio::select\"]\n\
                       disallowed-methods = [\"tokio::task::spawn\"]\n";
        let files = [
            ("Cargo.toml", "[workspace]\nexclude = [\"strangers\"]\n"),
            ("clippy.toml", root),
            ("targets/clippy.toml", targets),
            ("strangers/clippy.toml", ""),
        ];
        insta::assert_snapshot!(red(repeats, &files), @"
        targets/clippy.toml: `msrv` differs from the root's; copy the line from there
        targets/clippy.toml: `disallowed-types` lacks `c::D`; this file replaces the root's, copy the line from there
        targets/clippy.toml: lacks `tokio::spawn`, which targets use through chaosdrill_rt; ban it
        ");
        insta::assert_snapshot!(red(repeats, &[("clippy.toml", root)]), @"targets/clippy.toml: is missing; clippy enforces house rules through it, restore it");
    }
}
