//! Snapshots of the reports of real runs: for each target a valid run, and one with a planted bug.
//!
//! Values that depend on the machine and digests are redacted, and of the page the tables of coverage are left out. The
//! rest changes when the engine, the target or the report changes; `cargo insta review` shows how.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use scraper::{ElementRef, Html, Node};
use serde_json::Value;
use tempfile::TempDir;

/// A script of each target, and a planted bug that it finds.
const CASES: [(&str, &str); 5] = [
    ("notification/ack-lost", "N2"),
    ("outbox/lease-expiry", "O4"),
    ("propagation/racing-runners", "P11"),
    ("provisioning/sweep-in-flight", "R18"),
    ("recovery/engine-racing-opens", "G14"),
];

/// Runs a campaign of one seed and of the scripts alone, in the folder `out`.
fn run(filter: &str, defect: Option<&str>, status: i32) -> (TempDir, Output) {
    let folder = tempfile::tempdir().expect("a folder");
    let defect = defect.map(|defect| ["--defect", defect]);
    let output = Command::new(env!("CARGO_BIN_EXE_drill"))
        .args(["run", filter, "--seed", "0", "--nemesis", "script", "--out", "out"])
        .args(["--run-timeout", "300s"])
        .args(defect.into_iter().flatten())
        .current_dir(folder.path())
        .output()
        .expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{filter}: {said}");
    (folder, output)
}

/// The reports of a campaign of one seed, one after the other.
fn reports(scenario: &str, defect: Option<&str>, status: i32) -> String {
    let (folder, output) = run(scenario, defect, status);
    let file = |name: &str| fs::read_to_string(folder.path().join("out").join(name));
    let page = Html::parse_document(&unmeasured(&file("report.html").expect("a page")));
    let parts = [
        ("terminal", without_speed(&String::from_utf8_lossy(&output.stdout))),
        ("summary.md", unmeasured(&file("summary.md").expect("a summary"))),
        ("report.html", text_of(page.root_element())),
    ];
    let parts = parts.map(|(name, text)| format!("===== {name}\n{}", redacted(text.trim())));
    parts.join("\n")
}

/// A page or a summary without its blocks of measured values.
fn unmeasured(text: &str) -> String {
    let mut parts = text.split("<!-- measured -->");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, after) = part.split_once("<!-- /measured -->").expect("a block ends");
        shown.push_str("[measured]");
        shown.push_str(after);
    }
    shown
}

/// Replaces what depends on the machine, and digests.
fn redacted(text: &str) -> String {
    let line = |line: &str| {
        let is_digest =
            |word: &str| word.len() >= 12 && word.chars().all(|c| c.is_ascii_hexdigit());
        let words = line.split(' ');
        words
            .map(|word| if is_digest(word) { "[digest]" } else { word })
            .collect::<Vec<_>>()
            .join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What the terminal shows, without the line on speed, which may be wrapped.
fn without_speed(text: &str) -> String {
    let (before, rest) = text.rsplit_once("\n\n").expect("a closing block");
    let is_verdict = |line: &&str| line.starts_with("valid: ") || line.starts_with("invalid: ");
    let verdict = rest.lines().position(|line| is_verdict(&line)).expect("a verdict");
    let rest: Vec<&str> = rest.lines().skip(verdict).collect();
    format!("{before}\n\n[measured]\n{}", rest.join("\n"))
}

/// The text of a page, with a line for each block. Pictures, navigation and measured values are left out.
fn text_of(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    add(element, &mut text);
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn add(element: ElementRef<'_>, text: &mut String) {
    const LEFT_OUT: [&str; 5] = ["head", "svg", "nav", "style", "figure"];
    const INLINE: [&str; 7] = ["a", "b", "code", "em", "span", "strong", "abbr"];
    let name = element.value().name();
    if element.value().id() == Some("coverage")
        || LEFT_OUT.contains(&name)
        || element.value().has_class("measured", scraper::CaseSensitivity::CaseSensitive)
    {
        return;
    }
    let end = match name {
        _ if INLINE.contains(&name) => "",
        "td" | "th" | "dt" => " | ",
        _ => "\n",
    };
    if end == "\n" {
        text.push('\n');
    }
    for child in element.children() {
        match child.value() {
            Node::Text(part) => text.push_str(part),
            _ => {
                if let Some(child) = ElementRef::wrap(child) {
                    add(child, text);
                }
            }
        }
    }
    text.push_str(end);
}

#[test]
fn of_valid_runs() {
    for (scenario, _) in CASES {
        insta::assert_snapshot!(snapshot_name(scenario, "valid"), reports(scenario, None, 0));
    }
}

#[test]
fn of_violations() {
    for (scenario, defect) in CASES {
        let reports = reports(scenario, Some(defect), 1);
        insta::assert_snapshot!(snapshot_name(scenario, "violation"), reports);
    }
}

/// The checks of the findings of a campaign of all scenarios of the outbox.
fn findings(defects: &str) -> Vec<String> {
    let (folder, _) = run("outbox/", Some(defects), 1);
    let summary = fs::read(folder.path().join("out/summary.json")).expect("a summary");
    let summary: Value = serde_json::from_slice(&summary).expect("JSON");
    let findings = summary["findings"].as_array().expect("a list");
    let check = |finding: &Value| finding["check"].as_str().expect("a name").to_owned();
    findings.iter().map(check).collect()
}

#[test]
fn one_bug_is_one_finding_and_two_are_two() {
    assert_eq!(findings("O4"), ["settle_only_by_the_current_claim"]);
    let mut both = findings("O4,O17");
    both.sort();
    assert_eq!(both, ["attempts_stay_within_the_ceiling", "settle_only_by_the_current_claim"]);
}

fn snapshot_name(scenario: &str, what: &str) -> String {
    let target = Path::new(scenario).parent().expect("a target").display().to_string();
    format!("{target}_{what}")
}
