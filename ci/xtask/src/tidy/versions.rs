//! The version of every dependency is in the root manifest only.

use toml::Value;

use crate::{
    manifest::{Dependency, Manifest, members},
    tree::{Complaint, Tree},
};

/// The keys of `[package]` that each package inherits from the workspace.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// Packages write `name.workspace = true`. Only a dev-dependency of a package on itself is a path without a version,
/// because the package could not be published with one.
pub(super) fn in_one_place(tree: &Tree) -> Vec<Complaint> {
    let (members, mut found) = members(tree);
    for member in &members {
        let wishes = member.dependencies().into_iter().filter(|wish| !is_inherited(member, wish));
        found.extend(wishes.map(|wish| {
            let name = wish.name;
            let text = format!(
                "`{name}` is declared here; put it into [workspace.dependencies] and write \
                 `{name}.workspace = true`"
            );
            Complaint::of(&member.path, text)
        }));
        let package = member.table.get("package");
        let is_own = |key: &&&str| !package.and_then(|all| all.get(**key)).is_some_and(is_taken);
        found.extend(INHERITED.iter().filter(is_own).map(|key| {
            Complaint::of(&member.path, format!("write `{key}.workspace = true` in [package]"))
        }));
    }
    found
}

fn is_inherited(member: &Manifest, wish: &Dependency) -> bool {
    let is_itself = wish.is_for_tests() && wish.name == member.name();
    let has_no_version = wish.wish.is_table() && wish.wish.get("version").is_none();
    is_taken(&wish.wish) || is_itself && has_no_version
}

fn is_taken(wish: &Value) -> bool {
    wish.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_version_elsewhere_is_seen() {
        let package = "[package]\nname = \"a\"\nversion.workspace = true\nedition = \"2021\"\n\
                       rust-version.workspace = true\nlicense.workspace = true\n\
                       publish.workspace = true\n";
        let wishes = "[dependencies]\nserde = \"1\"\ntoml = { workspace = true, features = [] }\n\
                      [dev-dependencies]\na = { path = \".\" }\nb = { path = \"../b\" }\n";
        let text = format!("{package}{wishes}");
        let files = [("Cargo.toml", "[workspace]\n"), ("a/Cargo.toml", text.as_str())];
        insta::assert_snapshot!(red(in_one_place, &files), @"
        a/Cargo.toml: `serde` is declared here; put it into [workspace.dependencies] and write `serde.workspace = true`
        a/Cargo.toml: `b` is declared here; put it into [workspace.dependencies] and write `b.workspace = true`
        a/Cargo.toml: write `edition.workspace = true` in [package]
        ");
        insta::assert_snapshot!(red(in_one_place, &[]), @"Cargo.toml: is missing; a rule reads it, restore it");
    }
}
