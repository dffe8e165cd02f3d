//! All pages with commands, and where each of them runs.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail, ensure};

use super::{Page, Runner};

/// Pages whose commands need no more than the program `drill`.
pub const WITH_DRILL: [&str; 2] = ["README.md", "docs/first-drill.md"];

/// The page whose commands build a workspace of their own.
const WITH_CARGO: &str = "docs/own-pipeline.md";

/// The name by which that page knows the checkout.
const CHECKOUT: &str = "chaosdrill";

/// Runs the pages with these paths, or all pages if there are none. Returns the outputs that differ, and writes them
/// into the pages if `is_to_mend`.
pub fn check_all(root: &Path, paths: &[&str], is_to_mend: bool) -> anyhow::Result<String> {
    let all: Vec<&str> = WITH_DRILL.into_iter().chain([WITH_CARGO]).collect();
    if let Some(path) = paths.iter().find(|path| !all.contains(path)) {
        bail!("{path} is no page with commands; these are: {}", all.join(", "));
    }
    let is_chosen = |path: &&str| paths.is_empty() || paths.contains(path);
    let mut said = String::new();
    let with_drill: Vec<&str> = WITH_DRILL.into_iter().filter(is_chosen).collect();
    if !with_drill.is_empty() {
        let drill = built(root)?;
        for path in with_drill {
            said += &check_with_drill(root, path, &drill, is_to_mend)?;
        }
    }
    if is_chosen(&WITH_CARGO) {
        let scratch = tempfile::tempdir()?;
        // What the workspace depends on is the same each time, so it is kept.
        let target = root.join("target/own-pipeline");
        said += &check_with_cargo(root, scratch.path(), &target, is_to_mend)?;
    }
    Ok(said)
}

/// Runs a page that needs no more than this program, in an empty folder.
pub fn check_with_drill(
    root: &Path,
    path: &str,
    drill: &Path,
    is_to_mend: bool,
) -> anyhow::Result<String> {
    let scratch = tempfile::tempdir()?;
    let runner = Runner::new(scratch.path())?.with_drill(drill)?;
    check(root, path, &runner, is_to_mend)
}

/// Runs the page about a workspace of one's own in this folder, which must be empty. The folder then has a link to the
/// checkout, and the workspace as the reader of the page leaves it. Builds in `CARGO_TARGET_DIR`, or else in `target`.
pub fn check_with_cargo(
    root: &Path,
    folder: &Path,
    target: &Path,
    is_to_mend: bool,
) -> anyhow::Result<String> {
    symlink(root, folder.join(CHECKOUT)).context("the checkout cannot be linked")?;
    let target = chosen_target(root).unwrap_or_else(|| target.to_owned());
    let runner = Runner::new(folder)?.with_env("CARGO_TARGET_DIR", target);
    check(root, WITH_CARGO, &runner, is_to_mend)
}

fn check(root: &Path, path: &str, runner: &Runner, is_to_mend: bool) -> anyhow::Result<String> {
    let file = root.join(path);
    let text = fs::read_to_string(&file).with_context(|| format!("{path} cannot be read"))?;
    let page = Page::of(path, &text);
    ensure!(page.steps() > 0, "{path} has no commands; tell ci/xtask/src/pages which pages have");
    let outcome = runner.run(&page)?;
    if is_to_mend && outcome.text != text {
        fs::write(&file, outcome.text).with_context(|| format!("{path} cannot be written"))?;
    }
    Ok(outcome.complaints.iter().map(|complaint| format!("{complaint}\n")).collect())
}

/// Builds the program as `cargo drill` does, and returns its path.
fn built(root: &Path) -> anyhow::Result<PathBuf> {
    let words = "build --release --quiet --package chaosdrill-scenarios --bin drill";
    let status = Command::new("cargo").args(words.split(' ')).current_dir(root).status()?;
    ensure!(status.success(), "the program cannot be built");
    let target = chosen_target(root).unwrap_or_else(|| root.join("target"));
    Ok(target.join("release/drill"))
}

fn chosen_target(root: &Path) -> Option<PathBuf> {
    env::var_os("CARGO_TARGET_DIR").map(|chosen| root.join(chosen))
}
