//! Campaigns that are damaged, written by a newer version, or crafted to do harm.

use std::{
    fs,
    path::{Path, PathBuf},
};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

use crate::lab::{drill, ends_with, folder, program, stderr, stdout};

type Test = fn() -> Result<(), Failed>;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 9] = [
        ("a_folder_is_no_campaign", a_folder_is_no_campaign),
        ("many_bad_lines_are_counted", many_bad_lines_are_counted),
        ("a_campaign_without_its_header_is_shown", a_campaign_without_its_header_is_shown),
        ("a_newer_format_is_said_everywhere", a_newer_format_is_said_everywhere),
        ("a_trace_that_was_cut_short_is_said", a_trace_that_was_cut_short_is_said),
        ("no_run_is_written_outside_the_folder", no_run_is_written_outside_the_folder),
        ("a_write_up_is_not_written_over", a_write_up_is_not_written_over),
        ("json_hides_nothing_from_who_reads_it", json_hides_nothing_from_who_reads_it),
        ("a_runner_is_given_no_commands", a_runner_is_given_no_commands),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(format!("damage/{name}"), test)).collect()
}

const OUT: &str = "target/drill";

/// A campaign with a finding, and the path of its lines.
fn violated() -> (TempDir, PathBuf) {
    let folder = folder();
    let args = ["run", "lab/visits", "--seeds", "2", "--defect", "L1"];
    ends_with(&drill(folder.path(), &args), 1);
    let lines = folder.path().join(OUT).join("campaign.jsonl");
    (folder, lines)
}

/// Edits the lines of a campaign.
fn edit(lines: &Path, change: impl Fn(String) -> String) -> Result<(), Failed> {
    let text = change(fs::read_to_string(lines)?);
    Ok(fs::write(lines, text)?)
}

fn read(folder: &TempDir, file: &str) -> String {
    fs::read_to_string(folder.path().join(OUT).join(file)).expect("the file is there")
}

fn a_folder_is_no_campaign() -> Result<(), Failed> {
    let folder = folder();
    let out = folder.path().join(OUT);
    fs::create_dir_all(out.join("campaign.jsonl"))?;
    ends_with(&drill(folder.path(), &["report"]), 2);
    fs::remove_dir(out.join("campaign.jsonl"))?;
    fs::write(out.join("prove.json"), "[]")?;
    let output = drill(folder.path(), &["report"]);
    ends_with(&output, 2);
    assert!(stderr(&output).contains("prove.json is empty"), "{}", stderr(&output));
    fs::write(out.join("prove.json"), "{")?;
    let output = drill(folder.path(), &["report"]);
    ends_with(&output, 2);
    assert!(stderr(&output).contains("failed to read prove.json"), "{}", stderr(&output));
    Ok(())
}

fn many_bad_lines_are_counted() -> Result<(), Failed> {
    let (folder, lines) = violated();
    edit(&lines, |text| format!("{text}{}", "{\"no\":1}\n".repeat(1_000)))?;
    let output = drill(folder.path(), &["report"]);
    ends_with(&output, 0);
    let notes = stderr(&output).lines().filter(|line| line.starts_with("note: ")).count();
    assert!(notes < 30, "{notes}");
    assert!(stderr(&output).contains("1000 lines of campaign.jsonl were skipped in total"));
    let summary = read(&folder, "summary.md");
    let (before, _) = summary.split_once("violated a check").expect("the verdict");
    assert!(
        before.contains("Parts of this report are missing") && before.contains("skipped"),
        "{before}"
    );
    assert!(read(&folder, "junit.xml").contains("\"not whole\" value=\"line "));
    Ok(())
}

fn a_campaign_without_its_header_is_shown() -> Result<(), Failed> {
    let (folder, lines) = violated();
    edit(&lines, |text| text[20..].to_owned())?;
    let output = drill(folder.path(), &["report"]);
    ends_with(&output, 0);
    assert!(stderr(&output).contains("the settings of the campaign are guessed"));
    assert!(stdout(&output).contains("every_visit_is_counted"), "{}", stdout(&output));
    for file in ["report.html", "summary.md", "junit.xml"] {
        let text = read(&folder, file);
        assert!(text.contains("are guessed") && text.contains("lab/visits"), "{file}: {text}");
    }
    // Commands that continue the campaign need its header.
    ends_with(&drill(folder.path(), &["merge", OUT, "--out", "all"]), 2);
    let resume = ["run", "lab/visits", "--seeds", "2", "--defect", "L1", "--resume"];
    ends_with(&drill(folder.path(), &resume), 2);
    Ok(())
}

fn a_newer_format_is_said_everywhere() -> Result<(), Failed> {
    for (kind, said) in [("campaign", "written in version 3"), ("record", "newer version")] {
        let (folder, lines) = violated();
        let begin = format!("{{\"{kind}\":{{\"version\":");
        edit(&lines, |text| text.replace(&format!("{begin}2"), &format!("{begin}3")))?;
        let output = drill(folder.path(), &["report"]);
        ends_with(&output, 0);
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
        for file in ["report.html", "summary.md", "junit.xml"] {
            assert!(read(&folder, file).contains(said), "{kind} {file}");
        }
    }
    Ok(())
}

fn a_trace_that_was_cut_short_is_said() -> Result<(), Failed> {
    let (folder, _) = violated();
    let bundle = folder.path().join(OUT).join("lab.visits/0x0");
    let trace = fs::read_to_string(bundle.join("trace.jsonl"))?;
    for kept in [5, 0] {
        let cut: Vec<&str> = trace.lines().take(kept).collect();
        fs::write(bundle.join("trace.jsonl"), cut.join("\n"))?;
        ends_with(&drill(folder.path(), &["report"]), 0);
        let page = fs::read_to_string(bundle.join("report.html"))?;
        assert!(page.contains(&format!("trace.jsonl has {kept} of the")), "{page}");
    }
    Ok(())
}

fn no_run_is_written_outside_the_folder() -> Result<(), Failed> {
    let (folder, lines) = violated();
    let victim = folder.path().join("victim/report.html");
    fs::create_dir_all(folder.path().join("victim"))?;
    fs::write(&victim, "mine")?;
    // The folders on the hostile path must exist.
    fs::create_dir_all(folder.path().join(OUT).join("lab.visits/0x0-x"))?;
    let hostile = "\"origin\":\"x/../../../../../victim\"";
    edit(&lines, |text| text.replace("\"origin\":\"script\"", hostile))?;
    let output = drill(folder.path(), &["report"]);
    ends_with(&output, 0);
    assert_eq!(fs::read_to_string(&victim)?, "mine");
    assert!(stderr(&output).contains("points outside the folder"), "{}", stderr(&output));
    Ok(())
}

fn a_write_up_is_not_written_over() -> Result<(), Failed> {
    let (folder, _) = violated();
    let file = folder.path().join("drill.md");
    fs::write(&file, "mine")?;
    let output = drill(folder.path(), &["report", "--write-up", "drill.md"]);
    ends_with(&output, 2);
    assert!(stderr(&output).contains("drill.md already exists"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&file)?, "mine");
    Ok(())
}

fn json_hides_nothing_from_who_reads_it() -> Result<(), Failed> {
    let (folder, lines) = violated();
    let claim = "\u{9b}2J \u{202e} \u{e0041} grün";
    edit(&lines, |text| text.replace("\"claim\":\"", &format!("\"claim\":\"{claim}")))?;
    let output = drill(folder.path(), &["report", "--message-format", "json"]);
    let text = stdout(&output);
    assert!(!text.contains(['\u{9b}', '\u{202e}', '\u{e0041}']) && text.contains("grün"), "{text}");
    let summary: Value = serde_json::from_str(&text)?;
    let read = summary["scenarios"][0]["claim"].as_str();
    assert!(read.is_some_and(|read| read.starts_with(claim)), "{read:?}");
    Ok(())
}

fn a_runner_is_given_no_commands() -> Result<(), Failed> {
    let (folder, lines) = violated();
    // The second word starts a new line.
    let why = format!("\"why\":\"{} ::stop-commands::tok ##[error]no ", "a".repeat(69));
    edit(&lines, |text| text.replace("\"why\":\"", &why))?;
    let json = ["report", "--message-format", "json"];
    for (args, there) in [(&json[..1], ": :stop-commands"), (&json, "##\\u005berror")] {
        let output = program(folder.path(), "drill", args, &[("GITHUB_ACTIONS", "true")]);
        ends_with(&output, 0);
        let text = stdout(&output) + &stderr(&output);
        assert!(text.contains(there), "{text}");
        assert!(!text.contains("##["), "{text}");
        let commands = text.lines().filter(|line| line.trim_start().starts_with("::")).count();
        assert_eq!(commands, 0, "{text}");
    }
    let output = drill(folder.path(), &["report"]);
    assert!(output.status.success());
    Ok(())
}
