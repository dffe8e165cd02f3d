//! Crates of the workspace depend on each other only along the arrows of the architecture.

use crate::{
    manifest::{Dependency, Manifest, members},
    tree::{Complaint, Tree},
};

/// Families of crates by name or prefix, and the families on which each may depend.
///
/// The first match counts, so a name comes after longer names with the same beginning.
const ARROWS: [(&str, &[&str]); 11] = [
    ("chaosdrill-core", &[]),
    ("chaosdrill-rt", &["chaosdrill-core"]),
    ("chaosdrill-reports", &["chaosdrill-core"]),
    ("chaosdrill-kit", &["chaosdrill-rt"]),
    ("chaosdrill-target-", &["chaosdrill-kit", "chaosdrill-rt"]),
    ("chaosdrill-scenarios-common", &["chaosdrill"]),
    ("chaosdrill-scenarios-", &["chaosdrill", "chaosdrill-scenarios-common", "chaosdrill-target-"]),
    ("chaosdrill-scenarios", &["chaosdrill", "chaosdrill-scenarios-"]),
    ("chaosdrill-benches", &["chaosdrill", "chaosdrill-scenarios"]),
    ("chaosdrill", &["chaosdrill-core", "chaosdrill-rt", "chaosdrill-reports"]),
    ("xtask", &[]),
];

/// Dependencies beyond the arrows that tests may have: the crate, the dependency, and the reason.
const FOR_TESTS: [(&str, &str, &str); 3] = [
    (
        "chaosdrill-target-",
        "chaosdrill-core",
        "a target's own tests run inside simulations, and seeds and plans are core's words",
    ),
    (
        "chaosdrill-scenarios",
        "chaosdrill-target-",
        "the lists of planted bugs are compared with the sources of the targets",
    ),
    (
        "chaosdrill-scenarios",
        "xtask",
        "the commands of README and tutorial are run with the program, which is built for its tests",
    ),
];

/// Every dependency within the workspace is one of the arrows.
pub(super) fn hold(tree: &Tree) -> Vec<Complaint> {
    let (members, mut found) = members(tree);
    for (family, _) in ARROWS {
        if !members.iter().any(|member| fits(member.name(), family)) {
            let text = format!("the workspace has no `{family}`; the arrows name it, update them");
            found.push(Complaint::of("Cargo.toml", text));
        }
    }
    for member in &members {
        let Some((_, to)) = ARROWS.iter().find(|(family, _)| fits(member.name(), family)) else {
            let text = format!("`{}` is missing in the arrows; add it", member.name());
            found.push(Complaint::of(&member.path, text));
            continue;
        };
        found.extend(wrong_arrows(member, to, &members));
    }
    found
}

fn wrong_arrows(from: &Manifest, to: &[&str], members: &[Manifest]) -> Vec<Complaint> {
    let is_member = |wish: &Dependency| members.iter().any(|member| member.name() == wish.name);
    let is_wrong = |wish: &Dependency| {
        let is_arrow = to.iter().any(|family| fits(&wish.name, family));
        let is_own = wish.name == from.name();
        let is_fine = is_arrow || wish.is_for_tests() && (is_own || is_for_tests(from, wish));
        is_member(wish) && !is_fine
    };
    let complain = |wish: Dependency| {
        let may = if to.is_empty() { "no crate of the workspace".into() } else { to.join(", ") };
        let text = format!(
            "`{}` must not depend on `{}`, but may depend on {may}; move the code, or pass the value",
            from.name(),
            wish.name
        );
        Complaint::of(&from.path, text)
    };
    from.dependencies().into_iter().filter(is_wrong).map(complain).collect()
}

fn is_for_tests(from: &Manifest, wish: &Dependency) -> bool {
    FOR_TESTS.iter().any(|(user, used, _)| fits(from.name(), user) && fits(&wish.name, used))
}

/// Whether a name belongs to a family: it is equal, or the family ends with a hyphen and is a prefix of it.
fn fits(name: &str, family: &str) -> bool {
    name == family || family.ends_with('-') && name.starts_with(family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_wrong_arrow_is_seen() {
        let package = |name: &str, rest: &str| format!("[package]\nname = \"{name}\"\n{rest}");
        let outbox = "[dependencies]\nchaosdrill.workspace = true\nserde.workspace = true\n\
                      [target.'cfg(unix)'.dependencies]\nchaosdrill-core.workspace = true\n\
                      [dev-dependencies]\nchaosdrill-core.workspace = true\n";
        let manifests = [
            ("harness/core/Cargo.toml", package("chaosdrill-core", "")),
            ("harness/rt/Cargo.toml", package("chaosdrill-rt", "")),
            ("harness/drill/Cargo.toml", package("chaosdrill", "")),
            (
                "reports/Cargo.toml",
                package(
                    "chaosdrill-reports",
                    "[dependencies]\nrt = { package = \"chaosdrill-rt\" }\n",
                ),
            ),
            ("targets/outbox/Cargo.toml", package("chaosdrill-target-outbox", outbox)),
            ("targets/kit/Cargo.toml", package("chaosdrill-kit", "")),
            ("ci/xtask/Cargo.toml", package("xtask", "")),
            ("tools/Cargo.toml", package("tools", "")),
        ];
        let mut files: Vec<(&str, &str)> =
            manifests.iter().map(|(path, text)| (*path, text.as_str())).collect();
        files.push(("Cargo.toml", "[workspace]\n"));
        insta::assert_snapshot!(red(hold, &files), @"
        Cargo.toml: the workspace has no `chaosdrill-scenarios-common`; the arrows name it, update them
        Cargo.toml: the workspace has no `chaosdrill-scenarios-`; the arrows name it, update them
        Cargo.toml: the workspace has no `chaosdrill-scenarios`; the arrows name it, update them
        Cargo.toml: the workspace has no `chaosdrill-benches`; the arrows name it, update them
        reports/Cargo.toml: `chaosdrill-reports` must not depend on `chaosdrill-rt`, but may depend on chaosdrill-core; move the code, or pass the value
        targets/outbox/Cargo.toml: `chaosdrill-target-outbox` must not depend on `chaosdrill`, but may depend on chaosdrill-kit, chaosdrill-rt; move the code, or pass the value
        targets/outbox/Cargo.toml: `chaosdrill-target-outbox` must not depend on `chaosdrill-core`, but may depend on chaosdrill-kit, chaosdrill-rt; move the code, or pass the value
        tools/Cargo.toml: `tools` is missing in the arrows; add it
        ");
    }
}
