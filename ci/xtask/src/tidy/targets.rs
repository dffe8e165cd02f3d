//! Targets are ordinary pipelines. They have side effects through rt and use SQL through sqlx, and nothing else makes
//! them fit for simulation.

use crate::{
    manifest::{Dependency, Manifest, ROOT, entries, strings},
    source::{Name, names_outside_tests},
    tree::{Complaint, Tree},
};

/// The dependencies that a target may have. Before a library is added here, check that it bypasses rt nowhere: its own
/// sockets, timers, threads and randomness would escape the simulation.
const NEUTRAL: [&str; 16] = [
    "blake3",
    "bytes",
    "chaosdrill-kit",
    "chaosdrill-rt",
    "fail",
    "futures-core",
    "futures-util",
    "http",
    "object_store",
    "serde",
    "serde_json",
    "sqlx",
    "thiserror",
    "tokio",
    "tokio-util",
    "tracing",
];

/// Features of tokio without timers, tasks and sockets.
const NEUTRAL_TOKIO_FEATURES: [&str; 3] = ["sync", "macros", "io-util"];

/// The modules and macros of tokio that belong to these features.
const NEUTRAL_TOKIO: [&str; 5] = ["sync", "io", "join", "try_join", "pin"];

/// Names that a target must not use, and their replacements. The last entry about tokio covers all that is not neutral,
/// so the entries about its parts come first.
const BANNED: [(&str, &str); 20] = [
    ("tokio::time", "chaosdrill_rt::time"),
    ("tokio::spawn", "chaosdrill_rt::task::spawn"),
    ("tokio::task", "chaosdrill_rt::task"),
    ("tokio::net", "chaosdrill_rt::net"),
    ("tokio::select", "chaosdrill_rt::select!"),
    ("std::time::Instant", "chaosdrill_rt::time"),
    ("std::time::SystemTime", "chaosdrill_rt::time::unix_ms"),
    ("std::thread", "chaosdrill_rt::task"),
    ("std::net::TcpStream", "chaosdrill_rt::net"),
    ("std::net::TcpListener", "chaosdrill_rt::net"),
    ("std::net::UdpSocket", "chaosdrill_rt::net"),
    ("std::collections::HashMap", "std::collections::BTreeMap"),
    ("std::collections::HashSet", "std::collections::BTreeSet"),
    ("object_store::memory", "chaosdrill_rt::store"),
    ("object_store::local", "chaosdrill_rt::store"),
    ("chaosdrill_rt::sim", "nothing: a target never learns that it is simulated"),
    ("chaosdrill_rt::__private", "the public part of chaosdrill_rt"),
    ("chaosdrill_core", "nothing: a target knows rt only"),
    ("chaosdrill", "nothing: a target knows rt only"),
    ("chaosdrill_reports", "nothing: a target knows rt only"),
];

/// Suffixes of the names of sqlx's own connections and pools.
const SQLX_CONNECTIONS: [&str; 5] =
    ["Pool", "PoolOptions", "Connection", "ConnectOptions", "Acquire"];

/// Targets depend on neutral libraries only, and on the neutral part of tokio.
pub(super) fn depend(tree: &Tree) -> Vec<Complaint> {
    let targets = tree.targets();
    if targets.is_empty() {
        return vec![Complaint::of("targets", "has no targets; this rule checks them")];
    }
    let mut found = features_of_the_workspace(tree);
    for target in targets.into_iter().chain(tree.kit()) {
        match Manifest::read(tree, &format!("{target}/Cargo.toml")) {
            Ok(manifest) => found.extend(wrong_dependencies(&manifest)),
            Err(complaint) => found.push(complaint),
        }
    }
    found
}

/// The root manifest may request only neutral features of tokio, because every target inherits them.
fn features_of_the_workspace(tree: &Tree) -> Vec<Complaint> {
    let root = match Manifest::read(tree, ROOT) {
        Ok(root) => root,
        Err(complaint) => return vec![complaint],
    };
    let workspace = root.table.get("workspace").and_then(|all| all.get("dependencies"));
    let tokio = entries(workspace).find(|(name, _)| *name == "tokio").map(|(_, wish)| wish);
    let features = strings(tokio.and_then(|wish| wish.get("features")));
    let complain = |feature: &str| {
        let text = format!(
            "every crate inherits tokio's `{feature}`; enable it in the crates that need it"
        );
        Complaint::of(ROOT, text)
    };
    worldly(&features).map(complain).collect()
}

fn worldly<'a>(features: &'a [&str]) -> impl Iterator<Item = &'a str> {
    features.iter().copied().filter(|feature| !NEUTRAL_TOKIO_FEATURES.contains(feature))
}

fn wrong_dependencies(manifest: &Manifest) -> Vec<Complaint> {
    let wishes = manifest.dependencies().into_iter().filter(|wish| !wish.is_for_tests());
    wishes.flat_map(|wish| wrong_dependency(manifest, &wish)).collect()
}

fn wrong_dependency(manifest: &Manifest, wish: &Dependency) -> Vec<Complaint> {
    let name = &wish.name;
    if !NEUTRAL.contains(&name.as_str()) {
        let text = format!(
            "a target must not depend on `{name}`; use chaosdrill-rt, or add it to the neutral libraries of the rule"
        );
        return vec![Complaint::of(&manifest.path, text)];
    }
    let features = wish.features();
    let wrong: Vec<&str> = match name.as_str() {
        "tokio" => worldly(&features).collect(),
        // Without features it has channels and the like; with features it has timers and sockets.
        "tokio-util" => features,
        "chaosdrill-rt" => features.into_iter().filter(|feature| *feature == "sim").collect(),
        _ => Vec::new(),
    };
    let complain = |feature: &str| {
        let text =
            format!("a target must not enable `{name}/{feature}`; only a drill enables more");
        Complaint::of(&manifest.path, text)
    };
    wrong.into_iter().map(complain).collect()
}

/// The sources of targets do not name anything that escapes the simulation. Examples and tests may.
pub(super) fn say(tree: &Tree) -> Vec<Complaint> {
    let targets = tree.targets();
    if targets.is_empty() {
        return vec![Complaint::of("targets", "has no targets; this rule checks them")];
    }
    let mut found = Vec::new();
    for target in targets.into_iter().chain(tree.kit()) {
        let source = format!("{target}/src/");
        for file in tree.under(&source).filter(|file| file.is_rust()) {
            let names = names_outside_tests(file);
            found.extend(names.iter().filter_map(|name| {
                let instead = wrong_name(name)?;
                let text = format!("`{}` escapes the simulation; use {instead}", name.text());
                Some(Complaint::at(&file.path, name.line, text))
            }));
        }
    }
    found
}

/// The replacement of a name; `None` if the name is allowed.
fn wrong_name(name: &Name) -> Option<String> {
    if let Some((_, instead)) = BANNED.iter().find(|(ban, _)| name.is_in(ban)) {
        let is_code = !instead.starts_with("nothing") && !instead.starts_with("the ");
        return Some(if is_code { format!("`{instead}`") } else { (*instead).to_owned() });
    }
    match name.parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tokio", part, ..] if !NEUTRAL_TOKIO.contains(&part) => {
            Some("`chaosdrill_rt`, or tokio's sync and io".into())
        }
        ["sqlx", .., last] if SQLX_CONNECTIONS.iter().any(|end| last.ends_with(end)) => {
            Some("`chaosdrill_rt::sql`".into())
        }
        ["sqlx", "pool" | "*", ..] => {
            Some("`chaosdrill_rt::sql`, and sqlx's queries by name".into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_worldly_dependency_is_seen() {
        let outbox = "[dependencies]\nchaosdrill-rt = { workspace = true, features = [\"sim\"] }\n\
                      chaosdrill-core.workspace = true\nreqwest.workspace = true\n\
                      tokio = { workspace = true, features = [\"sync\", \"time\"] }\n\
                      [dev-dependencies]\ntokio = { workspace = true, features = [\"rt\"] }\n";
        let root = "[workspace.dependencies]\ntokio = { version = \"1\", features = [\"full\"] }\n";
        let files = [("targets/outbox/Cargo.toml", outbox), ("Cargo.toml", root)];
        insta::assert_snapshot!(red(depend, &files), @"
        Cargo.toml: every crate inherits tokio's `full`; enable it in the crates that need it
        targets/outbox/Cargo.toml: a target must not enable `chaosdrill-rt/sim`; only a drill enables more
        targets/outbox/Cargo.toml: a target must not depend on `chaosdrill-core`; use chaosdrill-rt, or add it to the neutral libraries of the rule
        targets/outbox/Cargo.toml: a target must not depend on `reqwest`; use chaosdrill-rt, or add it to the neutral libraries of the rule
        targets/outbox/Cargo.toml: a target must not enable `tokio/time`; only a drill enables more
        ");
        insta::assert_snapshot!(red(depend, &[]), @"targets: has no targets; this rule checks them");
    }

    #[test]
    fn a_worldly_name_is_seen() {
        let text = "//! A target.\nuse std::{collections::HashMap, time};\n\
                    use tokio::{sync::Mutex, time::sleep};\nuse sqlx::{Row, SqlitePool};\n\
                    fn f(e: sqlx::Error) { matches!(e, sqlx::Error::PoolTimedOut) }\n\
                    fn g() { time::Instant::now() }\nfn h() { tokio /* so */ ::\nspawn(f) }\n\
                    fn i(c: &mut sqlx::any::AnyConnection) { tokio::runtime::Handle::current() }\n\
                    fn j() { chaosdrill_rt::__private::tokio::join!(a, b) }\nuse sqlx::*;\n";
        let files = [
            ("targets/outbox/Cargo.toml", ""),
            ("targets/outbox/src/lib.rs", text),
            ("targets/outbox/examples/plain.rs", "fn main() { tokio::spawn(f) }"),
            ("targets/outbox/tests/it/main.rs", "fn main() { tokio::spawn(f) }"),
            ("targets/kit/Cargo.toml", ""),
            ("targets/kit/src/lib.rs", "fn k() { tokio::spawn(f) }"),
        ];
        insta::assert_snapshot!(red(say, &files), @"
        targets/outbox/src/lib.rs:2: `std::collections::HashMap` escapes the simulation; use `std::collections::BTreeMap`
        targets/outbox/src/lib.rs:3: `tokio::time::sleep` escapes the simulation; use `chaosdrill_rt::time`
        targets/outbox/src/lib.rs:4: `sqlx::SqlitePool` escapes the simulation; use `chaosdrill_rt::sql`
        targets/outbox/src/lib.rs:6: `std::time::Instant::now` escapes the simulation; use `chaosdrill_rt::time`
        targets/outbox/src/lib.rs:7: `tokio::spawn` escapes the simulation; use `chaosdrill_rt::task::spawn`
        targets/outbox/src/lib.rs:9: `sqlx::any::AnyConnection` escapes the simulation; use `chaosdrill_rt::sql`
        targets/outbox/src/lib.rs:9: `tokio::runtime::Handle::current` escapes the simulation; use `chaosdrill_rt`, or tokio's sync and io
        targets/outbox/src/lib.rs:10: `chaosdrill_rt::__private::tokio::join` escapes the simulation; use the public part of chaosdrill_rt
        targets/outbox/src/lib.rs:11: `sqlx::*` escapes the simulation; use `chaosdrill_rt::sql`, and sqlx's queries by name
        targets/kit/src/lib.rs:1: `tokio::spawn` escapes the simulation; use `chaosdrill_rt::task::spawn`
        ");
    }
}
