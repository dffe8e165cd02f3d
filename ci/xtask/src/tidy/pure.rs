//! Core and reports are pure: they use no runtime, no simulator, no database and no operating system.

use crate::{
    packages::Packages,
    source::names_outside_tests,
    tree::{Complaint, Tree},
};

/// The pure packages, and the folders of their sources.
const PURE: [(&str, &str); 2] =
    [("chaosdrill-core", "harness/core/src/"), ("chaosdrill-reports", "reports/src/")];

/// Prefixes of packages with side effects.
const WORLDLY: [&str; 8] =
    ["tokio", "turmoil", "madsim", "sqlx", "rustix", "libc", "getrandom", "chaosdrill-rt"];

/// Parts of std with side effects.
const BANNED: [&str; 10] = [
    "std::fs",
    "std::net",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::env",
    "std::process",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
];

/// No package with side effects is linked into a pure package.
pub(super) fn links(packages: &Packages) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (name, folder) in PURE {
        let Some(linked) = packages.linked_into(name) else {
            found.push(Complaint::of(folder, format!("cargo knows no package `{name}`")));
            continue;
        };
        let is_worldly = |name: &&String| WORLDLY.iter().any(|world| name.starts_with(world));
        found.extend(linked.iter().filter(is_worldly).map(|worldly| {
            let text = format!(
                "`{name}` links `{worldly}` and must stay pure; move the code that needs it to rt or drill"
            );
            Complaint::of(folder, text)
        }));
    }
    found
}

/// A pure package does not name parts of std with side effects.
pub(super) fn says(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (_, folder) in PURE {
        if tree.under(folder).next().is_none() {
            found.push(Complaint::of(folder, "is missing; this rule checks it"));
        }
        for file in tree.under(folder).filter(|file| file.is_rust()) {
            let names = names_outside_tests(file);
            found.extend(names.iter().filter_map(|name| {
                let ban = BANNED.iter().find(|ban| name.is_in(ban))?;
                let text = format!(
                    "`{ban}` has side effects; take the value as an argument, and let drill read and write"
                );
                Some(Complaint::at(&file.path, name.line, text))
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_runtime_in_core_is_seen() {
        let packages = Packages::of(&[("chaosdrill-core", &["serde", "tokio"])]);
        let said: Vec<String> = links(&packages).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(said.join("\n"), @"
        harness/core/src/: `chaosdrill-core` links `tokio` and must stay pure; move the code that needs it to rt or drill
        reports/src/: cargo knows no package `chaosdrill-reports`
        ");
    }

    #[test]
    fn a_clock_in_core_is_seen() {
        let files = [
            ("harness/core/src/lib.rs", "//! Pure.\nuse std::{fmt, time::{Duration, Instant}};\n"),
            ("reports/src/a.rs", "use std::path::Path;\nfn f() {\n std::fs::read(p) }\n"),
            ("reports/src/b.rs", "#[cfg(test)]\nmod tests { fn f() { std::fs::read(p) } }"),
        ];
        insta::assert_snapshot!(red(says, &files), @"
        harness/core/src/lib.rs:2: `std::time::Instant` has side effects; take the value as an argument, and let drill read and write
        reports/src/a.rs:3: `std::fs` has side effects; take the value as an argument, and let drill read and write
        ");
    }
}
