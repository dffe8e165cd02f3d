//! `cargo xtask`: runs the house rules from the command line.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use xtask::{
    measured, plain,
    tidy::{self, RULES, Repository},
    tree::{Tree, root},
};

const USAGE: &str = "usage: cargo xtask tidy | plain | measured [DIR] | readme-command
  tidy            prints all complaints of the house rules, and notes
  plain           builds each target's example without the simulator, and checks that it replaces no functions of libc
                  and has no planted bugs
  measured        makes the page reports/measured from its results, or from those that `ci/measure` left in DIR
  readme-command  prints the test command of the README";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("error: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["tidy"] => tidy(),
        ["plain"] => {
            println!("{}", plain::all_targets_are_plain()?);
            Ok(ExitCode::SUCCESS)
        }
        ["measured"] => measured::again(&root()).map(|()| ExitCode::SUCCESS),
        ["measured", folder] => {
            measured::keep(&root(), Path::new(folder)).map(|()| ExitCode::SUCCESS)
        }
        ["readme-command"] => match tidy::readme::commands(&Tree::read(&root())?) {
            Ok(commands) => {
                println!("{}", commands.test);
                Ok(ExitCode::SUCCESS)
            }
            Err(complaint) => bail!("{complaint}"),
        },
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

fn tidy() -> anyhow::Result<ExitCode> {
    let repository = Repository::read()?;
    let mut count = 0;
    for rule in RULES {
        for complaint in repository.complaints(*rule) {
            println!("{}: {complaint}", rule.name);
            count += 1;
        }
    }
    for note in tidy::notes(repository.tree()) {
        println!("note: {note}");
    }
    println!("{} rules, {count} complaints", RULES.len());
    Ok(if count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
