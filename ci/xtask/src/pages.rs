//! Runs the commands of a page of Markdown, and compares their outputs with the page.
//!
//! The page is the source: a fenced block `console` has commands, each after a `$ `, and below each command its output.
//! A fenced block `diff` is an edit, and is applied by `git apply`. Blocks run in their order, in one folder, and
//! `cd` lasts until the end of the page. All other blocks are for the reader only. Standard output is compared;
//! progress goes to standard error and is not. A line `...` stands for any number of lines, once for each command.
//!
//! What differs from run to run and from machine to machine is in `masked` and in `Runner::neutral`, and nowhere
//! else.

mod all;

use std::{
    env,
    ffi::OsString,
    fs,
    io::Write,
    ops::Range,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

pub use all::{WITH_DRILL, check_all, check_with_cargo, check_with_drill};

use crate::tree::Complaint;

/// The line that stands for any number of lines.
const ELLIPSIS: &str = "...";

/// The folder of the reader, in outputs that have an absolute path.
const HOME: &str = "~";

/// Parts of lines that report measured values: the numbers of such a line are not compared.
const MEASURED: [&str; 5] =
    ["runs a second", "times real time", "of wall clock", "of run time", "finished in "];

/// Units of time: a slower machine needs seconds where another one needs milliseconds.
const UNITS: [&str; 6] = ["µs", "ms", "s", "min", "h", "d"];

/// Parts of lines that name a commit, which is the one of the checkout.
const COMMITS: [&str; 1] = ["# at commit: "];

/// A page, with the commands and edits in its fenced blocks.
#[derive(Clone, Debug)]
pub struct Page {
    /// The path from the root of the repository.
    pub path: String,
    lines: Vec<String>,
    steps: Vec<Step>,
}

/// A command or an edit of a page.
#[derive(Clone, Debug)]
struct Step {
    /// The index of its line.
    line: usize,
    what: What,
    /// The indices of the lines of its output.
    output: Range<usize>,
}

#[derive(Clone, Debug)]
enum What {
    Command(String),
    Edit(String),
}

impl Page {
    /// Reads the commands and edits of a page.
    pub fn of(path: &str, text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut steps = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let Some(language) = lines[at].strip_prefix("```") else {
                at += 1;
                continue;
            };
            let begin = at + 1;
            let is_end = |line: &String| line.starts_with("```");
            let length = lines[begin..].iter().position(is_end).unwrap_or(lines.len() - begin);
            let block = begin..begin + length;
            at = block.end + 1;
            match language {
                "console" => steps.extend(commands(&lines, block)),
                "diff" => {
                    let edit = lines[block.clone()].join("\n") + "\n";
                    let output = block.end..block.end;
                    steps.push(Step { line: begin, what: What::Edit(edit), output });
                }
                _ => {}
            }
        }
        Self { path: path.to_owned(), lines, steps }
    }

    /// The number of commands and edits.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }
}

fn commands(lines: &[String], block: Range<usize>) -> Vec<Step> {
    let starts: Vec<usize> = block.clone().filter(|at| lines[*at].starts_with("$ ")).collect();
    let ends = starts.iter().skip(1).copied().chain([block.end]);
    let step = |(line, end): (&usize, usize)| {
        let command = lines[*line].trim_start_matches("$ ").to_owned();
        Step { line: *line, what: What::Command(command), output: line + 1..end }
    };
    starts.iter().zip(ends).map(step).collect()
}

/// The result of running a page.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The page with the outputs as they are now.
    pub text: String,
    /// The commands whose outputs differ from the page.
    pub complaints: Vec<Complaint>,
}

/// Runs the commands of pages in a folder.
#[derive(Clone, Debug)]
pub struct Runner {
    folder: PathBuf,
    path: OsString,
    env: Vec<(String, OsString)>,
}

impl Runner {
    /// A runner in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> anyhow::Result<Self> {
        let folder = folder.into().canonicalize().context("the folder cannot be used")?;
        Ok(Self { folder, path: env::var_os("PATH").unwrap_or_default(), env: Vec::new() })
    }

    /// Sets a variable in the environment of all commands.
    pub fn with_env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Takes `cargo drill` to mean this program, so that nothing is built. No other command of cargo is there.
    pub fn with_drill(mut self, drill: &std::path::Path) -> anyhow::Result<Self> {
        let bin = self.folder.join(".bin");
        fs::create_dir_all(&bin)?;
        let text = format!(
            "#!/bin/sh\n[ \"$1\" = drill ] || {{ echo \"only cargo drill is there\" >&2; exit 101; }}\n\
             shift\nexec '{}' \"$@\"\n",
            drill.display()
        );
        let cargo = bin.join("cargo");
        fs::write(&cargo, text)?;
        let made = Command::new("chmod").arg("+x").arg(&cargo).status()?;
        ensure!(made.success(), "{} cannot be made a program", cargo.display());
        let paths = [bin].into_iter().chain(env::split_paths(&self.path));
        self.path = env::join_paths(paths)?;
        Ok(self)
    }

    /// Runs all steps of a page. An edit that cannot be applied, or a command that fails without any output, is an
    /// error, because the rest of the page means nothing then.
    pub fn run(&self, page: &Page) -> anyhow::Result<Outcome> {
        let mut lines: Vec<String> = Vec::new();
        let mut complaints = Vec::new();
        let mut copied = 0;
        let (mut cwd, mut status) = (self.folder.clone(), 0);
        for step in &page.steps {
            let at = || format!("{}:{}", page.path, step.line + 1);
            lines.extend_from_slice(&page.lines[copied..step.output.start]);
            copied = step.output.end;
            let command = match &step.what {
                What::Command(command) => command,
                What::Edit(edit) => {
                    self.edit(&cwd, edit).with_context(at)?;
                    continue;
                }
            };
            let (output, errors);
            (output, errors, status, cwd) = self.command(&cwd, command, status).with_context(at)?;
            let text = String::from_utf8_lossy(&output);
            let actual: Vec<String> =
                text.trim_end().lines().map(|line| self.neutral(line)).collect();
            let is_silent = actual.is_empty();
            ensure!(status == 0 || !is_silent, "{}: `{command}` failed: {errors}", at());
            let expected = &page.lines[step.output.clone()];
            let mended = mended(expected, &actual);
            if mended != expected {
                let text = format!("`{command}` says now:\n{}", difference(expected, &mended));
                complaints.push(Complaint::at(&page.path, step.line + 1, text));
            }
            lines.extend(mended);
        }
        lines.extend_from_slice(&page.lines[copied..]);
        Ok(Outcome { text: lines.join("\n") + "\n", complaints })
    }

    /// Runs one command. Returns its outputs, its status, and the folder in which the next one runs.
    fn command(
        &self,
        cwd: &PathBuf,
        command: &str,
        status: i32,
    ) -> anyhow::Result<(Vec<u8>, String, i32, PathBuf)> {
        let next = self.folder.join(".cwd");
        // `$?` is the status of the command before, as it is on a terminal.
        let script =
            format!("(exit {status})\n{command}\nstatus=$?\npwd >\"$PAGE_CWD\"\nexit $status\n");
        let mut bash = Command::new("bash");
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            // Variables that change what the program does, or what it prints.
            let is_ours = ["DRILL_", "GITHUB_", "CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
                .iter()
                .any(|prefix| text.starts_with(prefix));
            if is_ours || text == "CARGO" || text == "CI" {
                bash.env_remove(name);
            }
        }
        let output = bash
            .args(["-c", &script])
            .current_dir(cwd)
            .env("PATH", &self.path)
            .env("PAGE_CWD", &next)
            .env("CARGO_TERM_COLOR", "never")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .context("bash cannot be started")?;
        let cwd = fs::read_to_string(&next).context("the command ended the shell")?;
        let errors = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        let status = output.status.code().context("the command was killed")?;
        Ok((output.stdout, errors, status, cwd.trim_end().into()))
    }

    fn edit(&self, cwd: &PathBuf, edit: &str) -> anyhow::Result<()> {
        let mut git = Command::new("git")
            .args(["apply", "-"])
            .current_dir(cwd)
            // Else git looks for the files in the repository that the folder may lie in.
            .env("GIT_CEILING_DIRECTORIES", &self.folder)
            .env("GIT_DIR", self.folder.join(".no-git"))
            .stdin(Stdio::piped())
            .spawn()
            .context("git cannot be started")?;
        git.stdin.take().expect("it is piped").write_all(edit.as_bytes())?;
        ensure!(git.wait()?.success(), "the edit cannot be applied");
        Ok(())
    }

    /// A line of output without what belongs to this machine.
    fn neutral(&self, line: &str) -> String {
        line.replace(&*self.folder.to_string_lossy(), HOME)
    }
}

/// A line without what differs from run to run: the numbers of measured lines with their units of time, and commits.
fn masked(line: &str) -> String {
    if let Some(head) = COMMITS.iter().find(|head| line.starts_with(**head)) {
        return (*head).to_owned();
    }
    if !MEASURED.iter().any(|part| line.contains(part)) {
        return line.to_owned();
    }
    let is_number = |letter: char| letter.is_ascii_digit();
    let word = |word: &str| {
        if word.contains(is_number) {
            word.chars()
                .filter(|letter| !is_number(*letter) && !['.', ','].contains(letter))
                .collect()
        } else {
            word.to_owned()
        }
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_unit =
        |at: usize| UNITS.contains(&words[at]) && at > 0 && words[at - 1].contains(is_number);
    let kept = (0..words.len()).filter(|at| !is_unit(*at)).map(|at| word(words[at]));
    kept.filter(|word: &String| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The output as the page should have it: lines of the page are kept if they are the same but for what is measured.
fn mended(expected: &[String], actual: &[String]) -> Vec<String> {
    let keep = |expected: &[String], actual: &[String]| -> Vec<String> {
        let line = |(at, line): (usize, &String)| {
            expected.get(at).filter(|old| masked(old) == masked(line)).unwrap_or(line).clone()
        };
        actual.iter().enumerate().map(line).collect()
    };
    let Some(gap) = expected.iter().position(|line| line == ELLIPSIS) else {
        return keep(expected, actual);
    };
    let (head, tail) = (&expected[..gap], &expected[gap + 1..]);
    if head.len() + tail.len() > actual.len() {
        return actual.to_vec();
    }
    let end = actual.len() - tail.len();
    let mut lines = keep(head, &actual[..head.len()]);
    lines.push(ELLIPSIS.to_owned());
    lines.extend(keep(tail, &actual[end..]));
    lines
}

/// The lines that differ, with `-` for the page and `+` for now.
fn difference(expected: &[String], actual: &[String]) -> String {
    let mut text = String::new();
    for at in 0..expected.len().max(actual.len()) {
        let (old, new) = (expected.get(at), actual.get(at));
        if old != new {
            text.extend(old.map(|line| format!("- {line}\n")));
            text.extend(new.map(|line| format!("+ {line}\n")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Outcome {
        let folder = tempfile::tempdir().expect("a folder");
        let runner = Runner::new(folder.path()).expect("it is there");
        runner.run(&Page::of("a.md", text)).expect("every step runs")
    }

    #[test]
    fn a_page_that_is_right_stays_as_it_is() {
        let text = "# A\n\n```console\n$ mkdir b && cd b\n$ printf 'x\\ny\\n' > c; cat c\nx\ny\n```\n\n\
                    ```diff\n--- a/c\n+++ b/c\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n```\n\nThen:\n\n\
                    ```console\n$ cat c; pwd\nx\nz\n~/b\n$ ls missing || echo no\nno\n$ false; echo $?\n1\n```\n";
        let outcome = run(text);
        assert_eq!(outcome.complaints, []);
        assert_eq!(outcome.text, text);
    }

    #[test]
    fn an_output_that_changed_is_seen_and_mended() {
        let outcome = run(
            "```console\n$ seq 9\n1\n...\n8\n8\n$ echo 2 ms in all: 3.5 runs a second\n1 min 3 s in all: 17 runs a second\n```\n",
        );
        let said: String = outcome.complaints.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(said, @"
        a.md:2: `seq 9` says now:
        - 8
        + 9
        ");
        let mended = "```console\n$ seq 9\n1\n...\n8\n9\n$ echo 2 ms in all: 3.5 runs a second\n1 min 3 s in all: 17 runs a second\n```\n";
        assert_eq!(outcome.text, mended);
    }

    #[test]
    fn a_command_that_fails_in_silence_ends_the_page() {
        let folder = tempfile::tempdir().expect("a folder");
        let runner = Runner::new(folder.path()).expect("it is there");
        let why = runner.run(&Page::of("a.md", "```console\n$ false\n$ echo a\n```\n"));
        insta::assert_snapshot!(why.expect_err("it fails"), @"a.md:2: `false` failed: ");
    }
}
