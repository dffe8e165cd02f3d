//! Tests that scenarios obey the smaller workload of a shrunk plan.

use std::{path::Path, process::Command};

/// Scenarios of every target whose workload is drawn.
const SCENARIOS: [&str; 7] = [
    "notification/list-error",
    "outbox/snapshots",
    "propagation/unknown-kinds",
    "propagation/workloads",
    "provisioning/odd-bytes",
    "recovery/another-writer",
    "recovery/engine-calm",
];

/// The number of operations that the clients of a scenario begin without any fault.
fn operations(folder: &Path, scenario: &str, workload_max: u32) -> usize {
    let plan = folder.join("plan.toml");
    let text = format!(
        "version = 1\nscenario = \"{scenario}\"\nseed = \"0x0\"\nworkload_max = {workload_max}\n"
    );
    std::fs::write(&plan, text).expect("a plan");
    let output = Command::new(env!("CARGO_BIN_EXE_drill"))
        .args(["replay", "--plan"])
        .arg(&plan)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{scenario} with {workload_max} steps:\n{said}");
    said.lines().filter(|line| line.contains(" invoke ")).count()
}

#[test]
fn fewer_steps_are_fewer_operations() {
    let folder = tempfile::tempdir().expect("a folder");
    for scenario in SCENARIOS {
        let [one, all] = [1, 1_000].map(|most| operations(folder.path(), scenario, most));
        assert!(0 < one && one < all, "{scenario}: {one} operations of {all}");
    }
}
