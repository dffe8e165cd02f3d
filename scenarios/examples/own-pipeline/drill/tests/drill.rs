//! Runs the drills under `cargo test`: the kept plans first, then every scenario with fresh seeds.

fn main() -> std::process::ExitCode {
    chaosdrill::test_main(own_pipeline_drill::registry())
}
