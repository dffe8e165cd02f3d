//! Tests that the list of planted bugs of each target matches its sources: every listed bug is planted, and every
//! planted bug is listed. The committed pages must match the lists.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use chaosdrill::{Defect, Shows};

/// Collects the ids of all `defect!("ID", ...)` below a folder. The lists themselves are in files named `defects.rs`.
fn planted(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            planted(&path, found);
        } else if !path.ends_with("defects.rs") {
            let text = fs::read_to_string(path).expect("text");
            for part in text.split("defect!(").skip(1) {
                let quoted = part.trim_start().strip_prefix('"');
                found.extend(quoted.and_then(|rest| rest.split('"').next()).map(str::to_owned));
            }
        }
    }
}

#[track_caller]
fn agree(target: &str, defects: &[Defect]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../targets").join(target);
    let sources: PathBuf = root.join("src");
    let mut in_code = BTreeSet::new();
    planted(&sources, &mut in_code);
    assert!(!in_code.is_empty(), "nothing is planted in {}", sources.display());
    let is_in_code =
        |defect: &&Defect| !matches!(defect.shows, Shows::InStaticCheck | Shows::Nowhere);
    let listed: BTreeSet<String> =
        defects.iter().filter(is_in_code).map(|defect| defect.id.to_owned()).collect();
    assert_eq!(in_code, listed);
}

#[test]
fn notification() {
    agree("notification", chaosdrill_target_notification::DEFECTS);
}

#[test]
fn outbox() {
    agree("outbox", chaosdrill_target_outbox::DEFECTS);
}

#[test]
fn propagation() {
    agree("propagation", chaosdrill_target_propagation::DEFECTS);
}

#[test]
fn provisioning() {
    agree("provisioning", chaosdrill_target_provisioning::DEFECTS);
}

#[test]
fn recovery() {
    agree("recovery", chaosdrill_target_recovery::DEFECTS);
}

/// The page that `drill list` prints.
fn page(what: &str) -> String {
    let drill = Command::new(env!("CARGO_BIN_EXE_drill")).args(["list", what, "--page"]).output();
    let output = drill.expect("the program can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
fn is_committed(what: &str, file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let committed = fs::read_to_string(path).unwrap_or_default();
    let mend = format!("cargo drill list {what} --page > {file}");
    assert!(committed == page(what), "{file} is not what the program says; mend it by: {mend}");
}

#[test]
fn the_page_of_bugs_is_that_of_the_code() {
    is_committed("defects", "targets/BUGS.md");
}

#[test]
fn the_page_of_goals_is_that_of_the_code() {
    is_committed("goals", "scenarios/GOALS.md");
}

#[test]
fn the_page_of_promises_is_that_of_the_code() {
    is_committed("promises", "scenarios/PROMISES.md");
}

#[test]
fn promises_name_scenarios_and_checks_that_exist_and_were_seen_violated() {
    let wrong = chaosdrill_scenarios::registry().inconsistencies();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
