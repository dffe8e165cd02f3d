//! `cargo xtask`: runs the house rules from the command line.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use xtask::{
    coverage, measured, pages, plain,
    repeat::{self, Shape},
    tidy::{self, RULES, Repository},
    tree::{Tree, root},
};

const USAGE: &str = "usage: cargo xtask tidy | plain | measured [DIR] | coverage FILE | pages [--write] [PAGE...] | readme-command
                   | repeat FROM TO RUNS [--parts N | --without N]
  tidy            prints all complaints of the house rules, and notes
  plain           builds each target's example without the simulator, and checks that it replaces no functions of libc
                  and has no planted bugs
  measured        makes the page reports/measured from its results, or from those that `ci/measure` left in DIR
  coverage        makes the page reports/measured/coverage.md from the export that `ci/coverage` left in FILE
  pages           runs the commands of README.md and of the tutorials in docs, or of these pages only, and reports the
                  outputs that differ; with --write, writes them into the pages. `pages --in DIR` runs the page about a
                  pipeline of one's own in that empty folder, and leaves its workspace there
  readme-command  prints the test command of the README
  repeat          repeats the records of the campaign in FROM with other seeds, until the campaign in TO has RUNS; with
                  --parts, as parts in TO/1, TO/2, ...; with --without, as one that was killed before its last runs";

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
        ["coverage", export] => {
            let complaints = coverage::keep(&root(), Path::new(export))?;
            print!("{complaints}");
            Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        ["pages", "--in", folder] => {
            let folder = Path::new(folder).canonicalize()?;
            let target = folder.join("target");
            Ok(said(&pages::check_with_cargo(&root(), &folder, &target, false)?))
        }
        ["pages", "--write", ref paths @ ..] => {
            print!("{}", pages::check_all(&root(), paths, true)?);
            Ok(ExitCode::SUCCESS)
        }
        ["pages", ref paths @ ..] => Ok(said(&pages::check_all(&root(), paths, false)?)),
        ["readme-command"] => match tidy::readme::commands(&Tree::read(&root())?) {
            Ok(commands) => {
                println!("{}", commands.test);
                Ok(ExitCode::SUCCESS)
            }
            Err(complaint) => bail!("{complaint}"),
        },
        ["repeat", from, to, runs] => repeat(from, to, runs, Shape::Whole),
        ["repeat", from, to, runs, "--parts", parts] => {
            repeat(from, to, runs, Shape::Parts(parts.parse()?))
        }
        ["repeat", from, to, runs, "--without", left_out] => {
            repeat(from, to, runs, Shape::Without(left_out.parse()?))
        }
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

fn repeat(from: &str, to: &str, runs: &str, shape: Shape) -> anyhow::Result<ExitCode> {
    let runs = repeat::repeat(Path::new(from), Path::new(to), runs.parse()?, shape)?;
    println!("{runs} records in {to}");
    Ok(ExitCode::SUCCESS)
}

/// Prints complaints about pages, and how to mend them.
fn said(complaints: &str) -> ExitCode {
    if complaints.is_empty() {
        return ExitCode::SUCCESS;
    }
    print!("{complaints}");
    eprintln!("mend the pages by: cargo xtask pages --write");
    ExitCode::FAILURE
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
