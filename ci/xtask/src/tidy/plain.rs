//! A target without `sim` is plain tokio and sqlx, with nothing added.
//!
//! This rule checks manifests; [`crate::plain`] checks the symbols of the binary.

use crate::{
    manifest::{Manifest, strings},
    packages::Packages,
    tree::{Complaint, Tree},
};

/// Packages that must not be linked into a production binary.
const SIMULATORS: [&str; 6] = [
    "turmoil",
    "madsim",
    "tracing-subscriber",
    "chaosdrill",
    "chaosdrill-core",
    "chaosdrill-reports",
];

/// No part of a simulator is linked into a target, or into rt with its default features.
pub(super) fn links(packages: &Packages) -> Vec<Complaint> {
    let targets: Vec<&str> = packages.beginning("chaosdrill-target-").collect();
    let mut found = Vec::new();
    if targets.is_empty() {
        found.push(Complaint::of("targets", "cargo knows no targets; this rule checks them"));
    }
    for name in targets.into_iter().chain(["chaosdrill-rt"]) {
        let Some(linked) = packages.linked_into(name) else {
            found.push(Complaint::of("Cargo.toml", format!("cargo knows no package `{name}`")));
            continue;
        };
        let wrong = linked.iter().filter(|package| SIMULATORS.contains(&package.as_str()));
        found.extend(wrong.map(|package| {
            let text =
                format!("`{name}` links `{package}` by default; put it behind rt's feature `sim`");
            Complaint::of("Cargo.toml", text)
        }));
    }
    found
}

/// No target has default features, and each has the example that [`crate::plain`] builds.
pub(super) fn defaults(tree: &Tree) -> Vec<Complaint> {
    let targets = tree.targets();
    if targets.is_empty() {
        return vec![Complaint::of("targets", "has no targets; this rule checks them")];
    }
    let mut found = Vec::new();
    for target in targets {
        let example = format!("{target}/examples/{}.rs", crate::plain::example(target));
        if tree.get(&example).is_none() {
            let text = "is missing; the example shows that the target runs without a simulator";
            found.push(Complaint::of(&example, text));
        }
        match Manifest::read(tree, &format!("{target}/Cargo.toml")) {
            Ok(manifest) => {
                let features = manifest.table.get("features");
                let default = strings(features.and_then(|all| all.get("default")));
                found.extend(default.iter().map(|feature| {
                    let text = format!("`{feature}` is enabled by default; leave `default` empty");
                    Complaint::of(&manifest.path, text)
                }));
            }
            Err(complaint) => found.push(complaint),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_simulator_in_a_target_is_seen() {
        let packages = Packages::of(&[
            ("chaosdrill-target-outbox", &["chaosdrill-rt", "chaosdrill-core", "turmoil"]),
            ("chaosdrill-rt", &["tokio"]),
        ]);
        let said: Vec<String> = links(&packages).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(said.join("\n"), @"
        Cargo.toml: `chaosdrill-target-outbox` links `chaosdrill-core` by default; put it behind rt's feature `sim`
        Cargo.toml: `chaosdrill-target-outbox` links `turmoil` by default; put it behind rt's feature `sim`
        ");
        let said: Vec<String> =
            links(&Packages::default()).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(said.join("\n"), @"
        targets: cargo knows no targets; this rule checks them
        Cargo.toml: cargo knows no package `chaosdrill-rt`
        ");
    }

    #[test]
    fn a_defect_by_default_is_seen() {
        let manifest = "[features]\ndefault = [\"defects\"]\ndefects = []\n";
        let files = [("targets/outbox/Cargo.toml", manifest)];
        insta::assert_snapshot!(red(defaults, &files), @"
        targets/outbox/examples/plain_outbox.rs: is missing; the example shows that the target runs without a simulator
        targets/outbox/Cargo.toml: `defects` is enabled by default; leave `default` empty
        ");
    }
}
