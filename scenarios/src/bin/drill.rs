//! The `cargo drill` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    chaosdrill::cli_main(chaosdrill_scenarios::registry())
}
