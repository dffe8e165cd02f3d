//! The `cargo drill` command line for this crate's scenarios.

fn main() -> std::process::ExitCode {
    chaosdrill::cli_main(own_pipeline_drill::registry())
}
