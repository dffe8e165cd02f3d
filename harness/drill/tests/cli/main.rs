//! End-to-end tests of the command line: exit codes, files and messages, also with targets that misbehave.
//!
//! This program is three programs: by default it is a test runner. With `LAB_PROGRAM` set it is a `drill` or test
//! program for the laboratory's scenarios, and these start it again as their worker.

mod campaigns;
mod commands;
mod cut;
mod damage;
mod lab;
mod memory;
mod misbehaviour;
mod ours;
mod parts;
mod progress;
mod proofs;
mod reports;
mod tests_of_a_crate;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the program under test is this one")]
    let program = std::env::var("LAB_PROGRAM");
    let is_worker = std::env::var_os("CHAOSDRILL_WORKER").is_some();
    match program.as_deref() {
        Ok("tests") => return chaosdrill::test_main(lab::registry()),
        Ok("empty") => return chaosdrill::cli_main(chaosdrill::Registry::new()),
        Ok(_) => return chaosdrill::cli_main(lab::registry()),
        Err(_) if is_worker => return chaosdrill::cli_main(lab::registry()),
        Err(_) => {}
    }
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(campaigns::trials());
    trials.extend(commands::trials());
    trials.extend(cut::trials());
    trials.extend(damage::trials());
    trials.extend(memory::trials());
    trials.extend(misbehaviour::trials());
    trials.extend(ours::trials());
    trials.extend(parts::trials());
    trials.extend(progress::trials());
    trials.extend(proofs::trials());
    trials.extend(reports::trials());
    trials.extend(tests_of_a_crate::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
