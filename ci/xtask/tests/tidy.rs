//! Runs each house rule over the repository, as one test per rule.

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Trial};
use xtask::tidy::{RULES, Repository};

fn main() -> ExitCode {
    let repository = match Repository::read() {
        Ok(repository) => Arc::new(repository),
        Err(why) => {
            eprintln!("error: {why:#}");
            return ExitCode::FAILURE;
        }
    };
    let trials = RULES.iter().map(|rule| {
        let repository = Arc::clone(&repository);
        Trial::test(rule.name, move || {
            let complaints = repository.complaints(*rule);
            let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
            if lines.is_empty() { Ok(()) } else { Err(lines.join("\n").into()) }
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
