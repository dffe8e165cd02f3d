//! The modules of a crate have no circular dependencies, so that each can be read and tested after its dependencies.
//!
//! A module is a file below `src`; inline modules belong to their file. A module depends on another module if it names
//! that module or an item in it by a path that begins with `crate`, `super` or `self`. A parent does not depend on its
//! children, because it only declares them and re-exports their items. The root of a crate is ignored, because it
//! re-exports everything, and so is test code.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    manifest::Manifest,
    source::{Name, paths, tokens_outside_tests},
    tree::{Complaint, File, Tree},
};

/// The circles of all crates, including those outside the workspace.
pub(super) fn none(tree: &Tree) -> Vec<Complaint> {
    let paths = tree.files().map(|file| file.path.as_str());
    let manifests: Vec<&str> = paths.filter(|path| path.ends_with("/Cargo.toml")).collect();
    if manifests.is_empty() {
        return vec![Complaint::of(".", "has no crates; this rule checks their modules")];
    }
    manifests.into_iter().flat_map(|manifest| of_crate(tree, manifest)).collect()
}

fn of_crate(tree: &Tree, manifest: &str) -> Vec<Complaint> {
    let name = match Manifest::read(tree, manifest) {
        Ok(manifest) => manifest.name().to_owned(),
        Err(complaint) => return vec![complaint],
    };
    let sources = manifest.replace("Cargo.toml", "src");
    let complain = |circle: Vec<&File>| {
        let files = circle.iter().map(|file| &file.path[sources.len() + 1..]);
        let files = files.collect::<Vec<&str>>().join(", ");
        let text = format!(
            "`{name}` has a circle of {} files, {files}; move what both need into a file of its own",
            circle.len()
        );
        Complaint::of(&sources, text)
    };
    circles(&modules(tree, &sources)).into_iter().map(complain).collect()
}

/// The modules of a crate by path, such as `till/bell`. The path of the root is empty.
type Modules<'a> = BTreeMap<String, &'a File>;

/// For each module, the modules that it uses.
type Uses<'m> = BTreeMap<&'m str, BTreeSet<&'m str>>;

fn modules<'a>(tree: &'a Tree, sources: &str) -> Modules<'a> {
    let named = tree.under(sources).filter_map(|file| {
        let path = file.path[sources.len()..].strip_prefix('/')?.strip_suffix(".rs")?;
        let mut parts: Vec<&str> = path.split('/').collect();
        parts.pop_if(|last| ["lib", "main", "mod"].contains(last));
        Some((parts.join("/"), file))
    });
    named.collect()
}

/// The largest sets of modules that all reach each other, as files: the strongly connected components.
fn circles<'a>(modules: &Modules<'a>) -> Vec<Vec<&'a File>> {
    let uses: Uses<'_> =
        modules.keys().map(|module| (module.as_str(), used_by(module, modules))).collect();
    let reached: Uses<'_> =
        uses.keys().map(|module| (*module, reached_from(module, &uses))).collect();
    let circle_of = |module: &str| {
        let others = reached[module].iter().filter(|other| reached[**other].contains(module));
        others.copied().collect::<Vec<&str>>()
    };
    // All modules of a circle find the same circle; only the first one counts.
    let with_circles = reached.keys().map(|module| (module, circle_of(module)));
    let found = with_circles.filter(|(module, circle)| circle.first() == Some(module));
    found.map(|(_, circle)| circle.into_iter().map(|module| modules[module]).collect()).collect()
}

/// The modules that a module reaches through one or more dependencies.
fn reached_from<'m>(module: &'m str, uses: &Uses<'m>) -> BTreeSet<&'m str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![module];
    while let Some(next) = open.pop() {
        open.extend(uses[next].iter().filter(|used| reached.insert(**used)));
    }
    reached
}

/// The direct dependencies of a module.
fn used_by<'m>(module: &str, modules: &'m Modules<'_>) -> BTreeSet<&'m str> {
    if module.is_empty() {
        return BTreeSet::new();
    }
    let is_in_module = |used: &str| {
        used.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let paths = paths(&tokens_outside_tests(modules[module]));
    let used = paths.iter().filter_map(|path| module_of(path, module, modules));
    used.filter(|used| !is_in_module(used)).collect()
}

/// The innermost module on a path in the module `here`; `None` if that is the root, or in another crate.
fn module_of<'m>(path: &Name, here: &str, modules: &'m Modules<'_>) -> Option<&'m str> {
    let mut full: Vec<&str> = match path.parts[0].as_str() {
        // A visibility, such as `pub(super)`.
        _ if path.parts.len() == 1 => return None,
        "crate" => Vec::new(),
        "self" | "super" => here.split('/').collect(),
        _ => return None,
    };
    for part in &path.parts {
        match part.as_str() {
            "crate" | "self" => {}
            "super" => drop(full.pop()),
            part => full.push(part),
        }
    }
    while !full.is_empty() {
        if let Some((module, _)) = modules.get_key_value(&full.join("/")) {
            return Some(module);
        }
        full.pop();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    /// The circles in the sources of one crate.
    fn of(sources: &[(&str, &str)]) -> String {
        let paths: Vec<String> = sources.iter().map(|(path, _)| format!("a/src/{path}")).collect();
        let texts = sources.iter().map(|(_, text)| *text);
        let mut files: Vec<(&str, &str)> = paths.iter().map(String::as_str).zip(texts).collect();
        files.push(("a/Cargo.toml", "[package]\nname = \"shop\"\n"));
        red(none, &files)
    }

    #[test]
    fn a_circle_of_two_is_seen() {
        let circle = of(&[
            ("lib.rs", "mod till; mod cart; pub use cart::Cart;"),
            ("till.rs", "use crate::cart::Cart;\nuse crate::money;"),
            ("cart.rs", "fn f() { crate::till::ring() }"),
            ("money.rs", ""),
        ]);
        insta::assert_snapshot!(circle, @"a/src: `shop` has a circle of 2 files, cart.rs, till.rs; move what both need into a file of its own");
    }

    #[test]
    fn a_circle_of_three_is_one_circle() {
        let circles = of(&[
            ("a.rs", "use crate::b::B; use crate::d::D;"),
            ("b.rs", "use crate::c::C;"),
            ("c.rs", "use crate::a::A; use crate::e;"),
            ("d.rs", ""),
            ("e/mod.rs", "use crate::f;"),
            ("f.rs", "use crate::e;"),
        ]);
        insta::assert_snapshot!(circles, @"
        a/src: `shop` has a circle of 3 files, a.rs, b.rs, c.rs; move what both need into a file of its own
        a/src: `shop` has a circle of 2 files, e/mod.rs, f.rs; move what both need into a file of its own
        ");
    }

    #[test]
    fn a_circle_through_super_is_seen() {
        let circles = of(&[
            ("till.rs", "mod bell; mod drawer; mod lock;"),
            ("till/bell.rs", "use super::drawer::Drawer;"),
            ("till/drawer.rs", "fn f() { super::bell::ring(); self::super::super::till::sum() }"),
            ("till/lock.rs", "use super::super::cart::Cart;"),
            ("cart.rs", "use super::till::lock::Lock;"),
        ]);
        insta::assert_snapshot!(circles, @"
        a/src: `shop` has a circle of 2 files, cart.rs, till/lock.rs; move what both need into a file of its own
        a/src: `shop` has a circle of 2 files, till/bell.rs, till/drawer.rs; move what both need into a file of its own
        ");
    }

    #[test]
    fn a_circle_through_a_tree_of_uses_is_seen() {
        let circle = of(&[
            ("a.rs", "use crate::{\n    c::{self, C},\n    d::{e::{E, F as G}, g},\n};"),
            ("c.rs", ""),
            ("d.rs", "mod e;"),
            ("d/e.rs", "macro_rules! m { () => { $crate::a::A } }"),
        ]);
        insta::assert_snapshot!(circle, @"a/src: `shop` has a circle of 2 files, a.rs, d/e.rs; move what both need into a file of its own");
    }

    #[test]
    fn a_parent_and_its_children_are_no_circle() {
        let sources = [
            ("lib.rs", "mod till; use till::Till;"),
            ("till.rs", "mod bell; use self::bell::Bell; pub use crate::till::bell::Sound;"),
            ("till/bell.rs", "use super::Till; use super::*; use crate::Shop;"),
        ];
        assert_eq!(of(&sources), "");
    }

    #[test]
    fn a_child_that_leads_back_over_its_parent_is_a_circle() {
        let circle = of(&[
            ("till.rs", "mod bell; use crate::cart::Cart;"),
            ("till/bell.rs", "use super::Till;"),
            ("cart.rs", "use crate::till::bell::Bell;"),
        ]);
        insta::assert_snapshot!(circle, @"a/src: `shop` has a circle of 3 files, cart.rs, till.rs, till/bell.rs; move what both need into a file of its own");
    }

    #[test]
    fn tests_comments_visibilities_and_other_crates_are_no_dependencies() {
        let sources = [
            ("till.rs", "mod bell; use crate::cart::Cart;"),
            ("till/bell.rs", "pub(super) fn ring() {}"),
            ("cart.rs", "use crate::till::bell::ring;"),
            ("a.rs", "#[cfg(test)]\nmod tests { use crate::b::B; }\n// crate::b\nuse b::c;"),
            ("b.rs", "use crate::a::A;\n/// See [`crate::a`].\nfn f() {}"),
            ("b/tests.rs", "use crate::a::A;"),
        ];
        assert_eq!(of(&sources), "");
    }

    #[test]
    fn a_tree_without_crates_is_seen() {
        insta::assert_snapshot!(red(none, &[]), @".: has no crates; this rule checks their modules");
    }
}
