//! Runs every scenario as a test.

use std::process::ExitCode;

fn main() -> ExitCode {
    chaosdrill::test_main(chaosdrill_scenarios::registry())
}
