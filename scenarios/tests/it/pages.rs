//! Tests that README and the first tutorial show what their commands print. The tutorial about a pipeline of one's own
//! builds a workspace, so `ci/test-own-pipeline` tests that one.

use std::path::Path;

use xtask::pages::{WITH_DRILL, check_with_drill};

#[track_caller]
fn check(path: &str) {
    assert!(WITH_DRILL.contains(&path), "`cargo xtask pages` does not know {path}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let drill = Path::new(env!("CARGO_BIN_EXE_drill"));
    let said = check_with_drill(&root, path, drill, false).expect("all commands run");
    assert!(said.is_empty(), "{said}\nmend the page by: cargo xtask pages --write {path}");
}

#[test]
fn the_readme_shows_what_its_commands_print() {
    check("README.md");
}

#[test]
fn the_first_drill_shows_what_its_commands_print() {
    check("docs/first-drill.md");
}
