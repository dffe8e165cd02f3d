//! A misbehaving target gets a verdict with its reason, and the other runs continue.

use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::lab::{drill, ends_with, folder, stdout};

pub(crate) fn trials() -> Vec<Trial> {
    let cases: [(&str, i32, &str); 11] = [
        ("panics", 1, "panicked: out of luck (lab.rs:"),
        ("fails", 1, "its software ended with an error: disk on fire"),
        ("spins", 3, "some code in it spins or blocks"),
        ("yields", 3, "spins: its tasks run again and again"),
        ("ticks", 1, "a client did not finish"),
        ("waits", 1, "a deadlock: no event is scheduled"),
        ("aborts", 1, "died of signal 6"),
        ("exits", 1, "exited the whole process with code 7"),
        ("overflows", 1, "a stack overflow"),
        ("check-panics", 3, "the check panicked: no \\u{1b}[31mjudgement"),
        ("unfired", 3, "no host ever passed sql:visit.comit"),
    ];
    let trial = |(name, code, words): (&'static str, i32, &'static str)| {
        Trial::test(format!("misbehaviour/{name}"), move || becomes_a_verdict(name, code, words))
    };
    let mut trials: Vec<Trial> = cases.into_iter().map(trial).collect();
    trials.push(Trial::test("misbehaviour/the_rest_goes_on", the_rest_goes_on));
    trials.push(Trial::test("misbehaviour/a_password_is_in_no_output", a_password_is_in_no_output));
    trials
}

fn a_password_is_in_no_output() -> Result<(), Failed> {
    let folder = folder();
    let mut said = String::new();
    for scenario in ["lab/tells", "lab/dies-telling"] {
        let out = format!("target/{}", scenario.replace('/', "-"));
        let arguments = ["run", scenario, "--seeds", "1", "--out", &out];
        let run = drill(folder.path(), &arguments);
        ends_with(&run, 1);
        let replay = drill(folder.path(), &["replay", scenario, "--seed", "0", "--trace", "full"]);
        ends_with(&replay, 1);
        for output in [run, replay] {
            said.push_str(&String::from_utf8_lossy(&output.stdout));
            said.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        read_all(&folder.path().join(out), &mut said)?;
    }
    assert!(said.contains("postgres://drill:***@db/lab"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    Ok(())
}

fn becomes_a_verdict(name: &str, code: i32, words: &str) -> Result<(), Failed> {
    let folder = folder();
    let scenario = format!("lab/{name}");
    // Only the scenario that spins should exceed its allowance; the others have enough time even on a busy machine.
    let allowance = if name == "spins" { "2s" } else { "60s" };
    let arguments = ["run", &scenario, "--seeds", "1", "--run-timeout", allowance];
    let output = drill(folder.path(), &arguments);
    ends_with(&output, code);
    let said = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    if said.contains(words) {
        Ok(())
    } else {
        Err(format!("`{words}` is missing from:\n{}", stdout(&output)).into())
    }
}

fn the_rest_goes_on() -> Result<(), Failed> {
    let folder = folder();
    let scripts = ["run", "--seeds", "2", "--nemesis", "script", "-j", "2"];
    let rest = ["--run-timeout", "2s", "--message-format", "json"];
    let output = drill(folder.path(), &[&scripts[..], &rest].concat());
    ends_with(&output, 1);
    let text = stdout(&output);
    let summary: serde_json::Value = serde_json::from_str(text.lines().last().unwrap_or_default())?;
    let scenarios = summary["scenarios"].as_array().ok_or("a list of scenarios")?;
    assert_eq!(summary["tally"]["runs"], 2 * scenarios.len());
    let visits = scenarios.iter().find(|one| one["name"] == "lab/visits");
    assert_eq!(visits.expect("it ran")["tally"]["valid"], 2);
    Ok(())
}

/// Appends the content of all files in a folder and its subfolders.
fn read_all(folder: &Path, said: &mut String) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_all(&path, said)?;
        } else {
            said.push_str(&String::from_utf8_lossy(&std::fs::read(path)?));
        }
    }
    Ok(())
}
