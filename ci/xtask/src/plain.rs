//! Checks that the binary of a target without `sim` does not define the functions of libc that a simulation replaces,
//! nor any code of planted bugs.
//!
//! The drill binary, which simulates planted bugs, must define both; otherwise the rule would look for the wrong
//! symbols.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail, ensure};

use crate::{
    manifest::Manifest,
    tree::{Tree, root},
};

/// The functions of libc that a simulation replaces.
const REPLACED: [&str; 3] = ["getrandom", "getentropy", "clock_gettime"];

/// A part of the mangled name of the function that every `defect!` calls if its crate has the feature `defects`.
const ASKS: &str = "chaosdrill_rt6defect5is_on";

/// A part of the names of functions that only planted bugs use. An optimised build may inline them.
const WRONG: &str = "wrong";

/// Builds the example `plain_<target>` of each target, and checks its symbols.
pub fn all_targets_are_plain() -> anyhow::Result<String> {
    let root = root();
    let tree = Tree::read(&root)?;
    let targets = tree.targets();
    ensure!(!targets.is_empty(), "there are no targets in `targets`");
    let drill = ["--release", "--package", "chaosdrill-scenarios", "--bin", "drill"];
    let simulating = build(&root, &drill)?;
    let symbols_of_drill = symbols(&simulating)?;
    let replaced = defined(&symbols_of_drill);
    ensure!(
        replaced == REPLACED,
        "the drill binary defines {replaced:?} and not {REPLACED:?}; does {} simulate?",
        simulating.display()
    );
    ensure!(
        planted(&symbols_of_drill, ASKS).is_some(),
        "the drill binary has no symbol `{ASKS}`; are planted bugs compiled into {}?",
        simulating.display()
    );
    let mut said = vec![
        "the drill binary defines all functions that a simulation replaces, and has planted bugs"
            .to_owned(),
    ];
    for target in targets {
        let manifest = Manifest::read(&tree, &format!("{target}/Cargo.toml"));
        let manifest = manifest.map_err(|complaint| anyhow::anyhow!("{complaint}"))?;
        let name = manifest.name();
        let example = example(target);
        let binary = build(&root, &["--package", name, "--example", &example])?;
        let symbols = symbols(&binary)?;
        let ours = defined(&symbols);
        if !ours.is_empty() {
            bail!(
                "{name} is not plain: its example defines {ours:?}, which only a simulation replaces; \
                 a dependency enables rt's feature `sim`"
            );
        }
        if let Some(bug) = [ASKS, WRONG].iter().find_map(|part| planted(&symbols, part)) {
            bail!(
                "{name} has code of planted bugs in production: its example defines `{bug}`; \
                 put it behind `#[cfg(feature = \"defects\")]`, or find what enables that feature"
            );
        }
        said.push(format!(
            "{name} is plain: its example replaces no functions of libc, and has no planted bugs"
        ));
    }
    Ok(said.join("\n"))
}

/// The name of the example that shows a target, by its folder, without a simulator. Examples of all packages are built
/// into one folder, so each has a name of its own.
pub(crate) fn example(target: &str) -> String {
    format!("plain_{}", target.trim_start_matches("targets/"))
}

/// Builds one program, and returns the path of the binary.
fn build(root: &Path, what: &[&str]) -> anyhow::Result<PathBuf> {
    let output = Command::new("cargo")
        .args(["build", "--locked", "--message-format", "json-render-diagnostics"])
        .args(what)
        .current_dir(root)
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    ensure!(output.status.success(), "cargo build {} failed", what.join(" "));
    let messages = String::from_utf8(output.stdout).context("cargo wrote no text")?;
    executable(&messages)
        .with_context(|| format!("cargo build {} built no program", what.join(" ")))
}

/// The path of the binary in the messages of a build.
fn executable(messages: &str) -> Option<PathBuf> {
    let lines = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    let mut paths = lines.filter_map(|message: serde_json::Value| {
        message.get("executable")?.as_str().map(PathBuf::from)
    });
    paths.next_back()
}

fn symbols(binary: &Path) -> anyhow::Result<String> {
    let output = Command::new("nm").arg("--defined-only").arg(binary).output();
    let output = output.context("nm could not be started; it comes with binutils")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "nm could not read {}: {said}", binary.display());
    ensure!(!output.stdout.is_empty(), "{} has no symbols; build it unstripped", binary.display());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The replaced functions that a symbol table defines, in the order of [`REPLACED`].
fn defined(symbols: &str) -> Vec<&'static str> {
    let is_defined = |name: &&str| {
        symbols.lines().any(|line| {
            let mut words = line.split_whitespace().rev();
            words.next() == Some(*name)
                && words.next().is_some_and(|kind| kind != "U" && kind != "w")
        })
    };
    REPLACED.iter().copied().filter(is_defined).collect()
}

/// The first symbol of this project with `part` in its mangled name.
fn planted<'a>(symbols: &'a str, part: &str) -> Option<&'a str> {
    let names = symbols.lines().filter_map(|line| line.split_whitespace().next_back());
    let mut ours = names.filter(|name| name.contains("chaosdrill_"));
    ours.find(|name| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "                 U clock_gettime@GLIBC_2.17\n                 w getrandom\n\
                         0000000000011340 T main\n0000000000022340 t my_getentropy\n";
    const SIMULATED: &str = "0000000000011340 T clock_gettime\n0000000000011350 T getentropy\n\
                             0000000000011360 T getrandom\n";

    #[test]
    fn a_symbol_of_ours_is_seen() {
        assert_eq!(defined(PLAIN), Vec::<&str>::new());
        assert_eq!(defined(SIMULATED), REPLACED);
        assert_eq!(defined("0000000000011340 T getentropy"), ["getentropy"]);
    }

    #[test]
    fn the_code_of_a_planted_bug_is_seen() {
        let legacy = "_ZN13chaosdrill_rt6defect5is_on17h5f3E";
        let v0 = "_RNvNtCsg6_13chaosdrill_rt6defect5is_on";
        let put = "_ZN26chaosdrill_target_recovery5files5Files11put_wrongly17h5f3E";
        for (part, name) in [(ASKS, legacy), (ASKS, v0), (WRONG, put)] {
            let symbols = format!("{PLAIN}{SIMULATED}0000000000182fb0 T {name}\n");
            assert_eq!(planted(&symbols, part), Some(name));
        }
        let of_others = format!("{PLAIN}0000000000182fb0 T _ZN4sqlx5wrong17h5f3E\n");
        assert_eq!(planted(&of_others, WRONG), None);
    }

    #[test]
    fn the_built_program_is_found() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\nnoise\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"a/plain\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("a/plain")));
        assert_eq!(executable(""), None);
    }
}
