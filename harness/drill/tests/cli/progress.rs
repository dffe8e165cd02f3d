//! Progress without a terminal, and the speed of a campaign.

use std::fs;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::{drill, ends_with, folder, program, stderr, stdout};

type Test = fn() -> Result<(), Failed>;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 2] = [
        ("progress_without_a_terminal_is_a_few_lines", progress_without_a_terminal_is_a_few_lines),
        ("the_speed_is_that_of_the_last_session", the_speed_is_that_of_the_last_session),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(format!("progress/{name}"), test)).collect()
}

fn progress_without_a_terminal_is_a_few_lines() -> Result<(), Failed> {
    let folder = folder();
    let seeds = ["run", "lab/fragile", "--seeds", "60"];
    let output = program(folder.path(), "drill", &seeds, &[]);
    ends_with(&output, 1);
    let said = stderr(&output);
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("drill: ")).collect();
    assert_eq!(lines.first(), Some(&"drill: scripts 0/60, swarms 0/60, then 1 sweep"), "{said}");
    for phase in [
        ", sweep 0 of at least 1; ",
        "replaying violations, 1 of ",
        "shrinking the plans of findings, 1 of 2",
    ] {
        assert_eq!(lines.iter().filter(|line| line.contains(phase)).count(), 1, "{phase}: {said}");
    }
    assert!((6..=15).contains(&lines.len()), "{said}");
    assert!(!said.contains("left"), "an estimate while a sweep may plan more: {said}");
    Ok(())
}

fn the_speed_is_that_of_the_last_session() -> Result<(), Failed> {
    let folder = folder();
    let run = ["run", "lab/visits", "--seeds", "6"];
    let measured = || -> Result<(u64, u64), Failed> {
        let summary = fs::read_to_string(folder.path().join("target/drill/summary.json"))?;
        let summary: Value = serde_json::from_str(&summary)?;
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        Ok((number(&summary["measured"]["runs"]), number(&summary["tally"]["runs"])))
    };
    ends_with(&drill(folder.path(), &run), 0);
    assert_eq!(measured()?, (6, 6));
    // The campaign loses its last two records and its end.
    let path = folder.path().join("target/drill/campaign.jsonl");
    let text = fs::read_to_string(&path)?;
    let records = text.match_indices("\n{\"record\"").map(|(at, _)| at).collect::<Vec<_>>();
    fs::write(&path, &text[..=records[4]])?;
    let output = drill(folder.path(), &[&run[..], &["--resume"]].concat());
    ends_with(&output, 0);
    assert_eq!(measured()?, (2, 6));
    let said = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("; 4 of 6 runs ended before the campaign was resumed"), "{said}");
    Ok(())
}
