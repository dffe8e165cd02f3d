//! The plans in the write-ups of drills still show what is written about them.

use std::{fs, path::Path, process::Command};

/// The plans of a write-up, as they stand in it.
fn plans(text: &str) -> impl Iterator<Item = &str> {
    text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next())
}

#[test]
fn each_plan_of_a_write_up_violates_a_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/drills");
    let scratch = tempfile::tempdir().expect("a folder");
    let file = scratch.path().join("plan.toml");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("the write-ups are there") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        for plan in plans(&text) {
            fs::write(&file, plan).expect("the plan can be written");
            let replay = Command::new(env!("CARGO_BIN_EXE_drill"))
                .args(["replay", "--trace", "off", "--run-timeout", "300s", "--plan"])
                .arg(&file)
                .current_dir(scratch.path())
                .output()
                .expect("the program can be started");
            let said = String::from_utf8_lossy(&replay.stdout);
            assert_eq!(replay.status.code(), Some(1), "{}:\n{plan}\n{said}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "there are plans in the write-ups: {seen}");
}
