//! Finds the two commands that the README promises, so that CI runs the same commands.

use toml::Value;

use crate::{
    manifest::{members, strings},
    tree::{Complaint, Tree},
};

const README: &str = "README.md";

/// The heading of the section with the two commands.
const HEADING: &str = "## Quick start";

/// The commands of the README's quick start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commands {
    /// The first command.
    pub drill: String,
    /// The second command.
    pub test: String,
}

/// Reads the commands from the README.
pub fn commands(tree: &Tree) -> Result<Commands, Complaint> {
    let of = |text: String| Complaint::of(README, text);
    let file = tree.get(README).ok_or_else(|| of("is missing; write it".into()))?;
    let mut lines = file.text.lines().skip_while(|line| line.trim_end() != HEADING).skip(1);
    let mut block = lines.by_ref().take_while(|line| !line.starts_with("## "));
    if !block.any(|line| line.starts_with("```")) {
        return Err(of(format!(
            "has no fenced block under `{HEADING}`; put the two commands there"
        )));
    }
    let block = block.take_while(|line| !line.starts_with("```")).map(command);
    let commands: Vec<&str> = block.filter(|line| !line.is_empty()).collect();
    match commands[..] {
        [drill, test] => Ok(Commands { drill: drill.into(), test: test.into() }),
        _ => Err(of(format!(
            "has {} commands in the block under `{HEADING}`; keep two, one to drill and one to test",
            commands.len()
        ))),
    }
}

/// A line without its prompt and its comment.
fn command(line: &str) -> &str {
    let line = line.split(" #").next().unwrap_or_default().trim();
    let line = if line.starts_with('#') { "" } else { line };
    line.strip_prefix("$ ").unwrap_or(line)
}

/// The README has the commands, and the second one runs all tests.
pub(super) fn two_commands(tree: &Tree) -> Vec<Complaint> {
    let commands = match commands(tree) {
        Ok(commands) => commands,
        Err(complaint) => return vec![complaint],
    };
    let test = &commands.test;
    if !test.starts_with("cargo test") && !test.starts_with("cargo nextest run") {
        let text = format!("`{test}` is no test command; the second command must run the tests");
        return vec![Complaint::of(README, text)];
    }
    let silent = if test.contains("--all-features") { Vec::new() } else { skipped_tests(tree) };
    let complain = |name: String| {
        let text = format!("`{test}` skips {name} silently; add `--all-features`");
        Complaint::of(README, text)
    };
    silent.into_iter().map(complain).collect()
}

/// Test programs that require a feature which no package of the workspace enables: cargo skips them silently.
fn skipped_tests(tree: &Tree) -> Vec<String> {
    let (members, _) = members(tree);
    let is_on = |package: &str, feature: &str| {
        let wishes = members.iter().flat_map(|member| member.dependencies());
        let mut wishes = wishes.filter(|wish| wish.name == package);
        wishes.any(|wish| wish.features().contains(&feature))
    };
    let mut found = Vec::new();
    for member in &members {
        let tests = member.table.get("test").and_then(Value::as_array);
        for test in tests.into_iter().flatten() {
            let features = strings(test.get("required-features"));
            if !features.iter().all(|feature| is_on(member.name(), feature)) {
                let name = test.get("name").and_then(Value::as_str).unwrap_or_default();
                found.push(format!("the tests `{name}` of `{}`", member.name()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn the_commands_are_read() {
        let text = "# A\n\n## Quick start\n\nSo:\n\n```sh\n$ cargo drill run   # a minute\n\n\
                    # and\ncargo test --workspace\n```\n\n```sh\nno\n```\n";
        let commands = commands(&Tree::of(&[(README, text)])).expect("there are two");
        assert_eq!(commands.drill, "cargo drill run");
        assert_eq!(commands.test, "cargo test --workspace");
    }

    #[test]
    fn a_readme_that_promises_something_else_is_seen() {
        let of = |text: &str| red(two_commands, &[(README, text)]);
        let mut said = red(two_commands, &[]);
        said += &of("## Quick start\n\nNothing.\n\n## More\n\n```\na\nb\n```\n");
        said += &of("## Quick start\n\n```\ncargo test\n```\n");
        said += &of("## Quick start\n\n```\ncargo drill run\ncargo drill prove\n```\n");
        let manifest =
            "[package]\nname = \"a\"\n[[test]]\nname = \"it\"\nrequired-features = [\"sim\"]\n";
        let readme = "## Quick start\n\n```\ncargo drill run\ncargo test\n```\n";
        said += &red(
            two_commands,
            &[(README, readme), ("Cargo.toml", "[workspace]\n"), ("a/Cargo.toml", manifest)],
        );
        insta::assert_snapshot!(said, @"
        README.md: is missing; write it
        README.md: has no fenced block under `## Quick start`; put the two commands there
        README.md: has 1 commands in the block under `## Quick start`; keep two, one to drill and one to test
        README.md: `cargo drill prove` is no test command; the second command must run the tests
        README.md: `cargo test` skips the tests `it` of `a` silently; add `--all-features`
        ");
    }
}
