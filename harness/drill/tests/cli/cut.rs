//! A campaign that was cut says so, whatever cut it, in every report.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::{self, drill, ends_with, folder, program, stderr, stdout};

type Test = fn() -> Result<(), Failed>;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 15] = [
        ("by_its_time_budget", by_its_time_budget),
        ("by_the_time_that_is_its_order", by_the_time_that_is_its_order),
        ("by_max_fail", by_max_fail),
        ("by_ctrl_c", by_ctrl_c),
        ("by_a_kill", by_a_kill),
        ("by_a_full_disk", by_a_full_disk),
        ("by_workers_that_cannot_be_started", by_workers_that_cannot_be_started),
        ("by_a_line_that_was_taken_out", by_a_line_that_was_taken_out),
        ("by_a_line_that_cannot_be_read", by_a_line_that_cannot_be_read),
        ("by_a_part_that_is_missing", by_a_part_that_is_missing),
        ("another_program_at_the_path_is_not_run", another_program_at_the_path_is_not_run),
        ("what_was_swept_is_not_swept_again", what_was_swept_is_not_swept_again),
        ("a_budget_that_was_enough_cuts_nothing", a_budget_that_was_enough_cuts_nothing),
        ("output_that_nobody_can_read_is_an_error", output_that_nobody_can_read_is_an_error),
        ("a_large_order_takes_no_memory", a_large_order_takes_no_memory),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(format!("cut/{name}"), test)).collect()
}

const OUT: &str = "target/drill";
const LONG: [&str; 6] = ["run", "lab/visits", "--seeds", "100000", "--nemesis", "script"];
const SHORT: [&str; 6] = ["run", "lab/visits", "--seeds", "20", "--nemesis", "script"];

/// The words of a text, separated by single spaces, because prose is wrapped.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn summary(folder: &Path) -> Result<Value, Failed> {
    let text = fs::read_to_string(folder.join(OUT).join("summary.json"))?;
    Ok(serde_json::from_str(&text)?)
}

/// Every report says that the campaign is cut, and why; the first word on the terminal is `incomplete`.
#[track_caller]
fn says_so(folder: &Path, said: &str, why: &str) -> Result<(), Failed> {
    assert!(said.starts_with("incomplete: "), "{said}");
    assert!(words(said).contains(why), "`{why}` is missing from:\n{said}");
    for file in ["report.html", "summary.md", "junit.xml"] {
        let text = fs::read_to_string(folder.join(OUT).join(file))?;
        let text = text.replace("<span class=\"flag\">", "").replace("</span>", "");
        let text = words(&text.replace("&lt;", "<").replace("&gt;", ">"));
        assert!(text.to_lowercase().contains("incomplete"), "{file} does not say it");
        assert!(text.contains(why), "`{why}` is missing from {file}");
    }
    let junit = fs::read_to_string(folder.join(OUT).join("junit.xml"))?;
    assert!(junit.contains("<error"), "a reader of JUnit takes it for a good end:\n{junit}");
    let summary = summary(folder)?;
    assert!(summary["incomplete"]["ran"].is_u64(), "{summary}");
    assert_ne!(summary["verdict"], "valid");
    Ok(())
}

/// `report` says it in its first line too, and merging the campaign ends with 3.
#[track_caller]
fn stays_so(folder: &Path, why: &str) -> Result<(), Failed> {
    let report = drill(folder, &["report"]);
    ends_with(&report, 0);
    says_so(folder, &stdout(&report), why)?;
    let merged = drill(folder, &["merge", OUT, "--out", "merged"]);
    ends_with(&merged, 3);
    assert!(stdout(&merged).starts_with("incomplete: "), "{}", stdout(&merged));
    // A later report of the merged folder says it too.
    let again = drill(folder, &["report", "merged"]);
    assert!(stdout(&again).starts_with("incomplete: "), "{}", stdout(&again));
    assert!(words(&stdout(&again)).contains(why), "{}", stdout(&again));
    Ok(())
}

fn by_its_time_budget() -> Result<(), Failed> {
    let folder = folder();
    let run = [&LONG[..], &["--time-budget", "1s"]].concat();
    let output = program(folder.path(), "drill", &run, &[("GITHUB_ACTIONS", "true")]);
    ends_with(&output, 3);
    let why = "the time budget of 1 s ran out";
    says_so(folder.path(), &stdout(&output), why)?;
    let told = stderr(&output);
    let annotation = told.lines().find(|line| line.starts_with("::error title=incomplete"));
    assert!(annotation.is_some_and(|line| line.contains(why)), "{told}");
    stays_so(folder.path(), why)
}

fn by_the_time_that_is_its_order() -> Result<(), Failed> {
    let folder = folder();
    for part in ["1", "2"] {
        let slice = format!("slice:{part}/2");
        let run = [&LONG[..], &["--for", "1s", "--partition", &slice, "--out", part]].concat();
        let output = drill(folder.path(), &run);
        ends_with(&output, 0);
        let said = words(&stdout(&output));
        assert!(
            said.starts_with("covered ") && said.contains(" % of the planned runs in 1 s"),
            "{said}"
        );
    }
    let merged = drill(folder.path(), &["merge", "1", "2", "--out", OUT]);
    ends_with(&merged, 0);
    assert!(stdout(&merged).starts_with("covered "), "{}", stdout(&merged));
    assert_eq!(summary(folder.path())?["verdict"], "valid");
    let junit = fs::read_to_string(folder.path().join(OUT).join("junit.xml"))?;
    assert!(!junit.contains("<error") && junit.contains("covered"), "{junit}");
    // Other missing runs still make the campaign incomplete.
    take_a_line_out(folder.path())?;
    let report = drill(folder.path(), &["report"]);
    assert!(stdout(&report).starts_with("incomplete: "), "{}", stdout(&report));
    let both = drill(folder.path(), &[&LONG[..], &["--for", "1s", "--time-budget", "1s"]].concat());
    ends_with(&both, 2);
    Ok(())
}

fn by_max_fail() -> Result<(), Failed> {
    let folder = folder();
    let run = [&LONG[..], &["--defect", "L1", "--max-fail", "2", "--no-shrink"]].concat();
    let output = drill(folder.path(), &run);
    ends_with(&output, 1);
    says_so(folder.path(), &stdout(&output), "--max-fail 2 was reached")?;
    let report = drill(folder.path(), &["report"]);
    says_so(folder.path(), &stdout(&report), "--max-fail 2 was reached")
}

/// Starts a campaign and waits until it has written this many lines.
fn begin(mut command: Command, out: &Path, lines: usize) -> Result<Child, Failed> {
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let written =
        || fs::read_to_string(out.join("campaign.jsonl")).map_or(0, |text| text.lines().count());
    while written() < lines && running.try_wait()?.is_none() {
        std::thread::yield_now();
    }
    Ok(running)
}

fn by_ctrl_c() -> Result<(), Failed> {
    let folder = folder();
    let command = lab::command(folder.path(), "drill", &LONG, &[]);
    let running = begin(command, &folder.path().join(OUT), 10)?;
    Command::new("kill").args(["-INT", &running.id().to_string()]).status()?;
    let output = running.wait_with_output()?;
    ends_with(&output, 130);
    says_so(folder.path(), &stdout(&output), "interrupted by Ctrl-C")?;
    stays_so(folder.path(), "interrupted by Ctrl-C")
}

fn by_a_kill() -> Result<(), Failed> {
    let folder = folder();
    let command = lab::command(folder.path(), "drill", &LONG, &[]);
    let mut running = begin(command, &folder.path().join(OUT), 10)?;
    running.kill()?;
    running.wait()?;
    stays_so(folder.path(), "the campaign did not end")?;
    assert!(summary(folder.path())?["incomplete"]["ordered"] == 100_000);
    Ok(())
}

/// The shell limits the size of the files that its programs write; a larger write is an error.
fn by_a_full_disk() -> Result<(), Failed> {
    let folder = folder();
    let plain = lab::command(folder.path(), "drill", &LONG, &[]);
    let mut command = Command::new("bash");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 60; exec \"$0\" \"$@\""])
        .arg(plain.get_program())
        .args(plain.get_args())
        .current_dir(folder.path());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output()?;
    ends_with(&output, 3);
    let said = words(&stdout(&output));
    assert!(said.starts_with("incomplete: "), "{said}");
    assert!(said.contains("failed to append to campaign.jsonl"), "{said}");
    let report = drill(folder.path(), &["report"]);
    ends_with(&report, 0);
    assert!(stdout(&report).starts_with("incomplete: "), "{}", stdout(&report));
    // Earlier records are not lost, and the campaign can be resumed.
    assert!(summary(folder.path())?["incomplete"]["ran"].as_u64().is_some_and(|ran| ran > 10));
    Ok(())
}

fn kill_workers_of(process: u32) -> Result<(), Failed> {
    for worker in lab::workers_of(process) {
        Command::new("kill").args(["-KILL", &worker]).status()?;
    }
    Ok(())
}

/// Leaves a process five files to open, which is enough to write reports, but not to start a process with three pipes.
fn leave_few_files(process: u32) -> Result<(), Failed> {
    let mut stay = vec![0, 1, 2];
    for file in fs::read_dir(format!("/proc/{process}/fd"))? {
        let file = file?;
        let number: usize = file.file_name().to_string_lossy().parse()?;
        // The pipes to the workers are closed when these end.
        if !fs::read_link(file.path())?.to_string_lossy().starts_with("pipe:") {
            stay.push(number);
        }
    }
    let last = (0..).filter(|number| !stay.contains(number)).nth(4).ok_or("a number")?;
    let limit = format!("--nofile={}", last + 1);
    let set = Command::new("prlimit").args(["--pid", &process.to_string(), &limit]).status()?;
    assert!(set.success(), "prlimit: {set}");
    Ok(())
}

fn by_workers_that_cannot_be_started() -> Result<(), Failed> {
    let folder = folder();
    let command = lab::command(folder.path(), "drill", &[&LONG[..], &["-j", "2"]].concat(), &[]);
    let running = begin(command, &folder.path().join(OUT), 10)?;
    leave_few_files(running.id())?;
    kill_workers_of(running.id())?;
    let output = running.wait_with_output()?;
    ends_with(&output, 3);
    let said = stderr(&output);
    assert!(said.matches("failed to start a worker process").count() <= 3, "{said}");
    says_so(folder.path(), &stdout(&output), "worker process")?;
    stays_so(folder.path(), "worker process")
}

fn another_program_at_the_path_is_not_run() -> Result<(), Failed> {
    let folder = folder();
    let copy = folder.path().join("program");
    fs::copy(std::env::current_exe()?, &copy)?;
    let run = [&LONG[..], &["-j", "2", "--for", "5s"]].concat();
    let plain = lab::command(folder.path(), "drill", &run, &[]);
    let mut command = Command::new(&copy);
    command.args(plain.get_args()).current_dir(folder.path());
    command.env("LAB_PROGRAM", "drill").env("NO_COLOR", "1");
    let running = begin(command, &folder.path().join(OUT), 10)?;
    fs::remove_file(&copy)?;
    fs::copy("/bin/false", &copy)?;
    kill_workers_of(running.id())?;
    let output = running.wait_with_output()?;
    // The runs of the killed workers are unknown; the workers after them are the same program.
    ends_with(&output, 3);
    assert!(words(&stdout(&output)).contains(" violated a check, 2 ended unknown"));
    assert!(!stderr(&output).contains("failed to start"), "{}", stderr(&output));
    Ok(())
}

/// Removes the first record from a campaign.
fn take_a_line_out(folder: &Path) -> Result<(), Failed> {
    let path = folder.join(OUT).join("campaign.jsonl");
    let text = fs::read_to_string(&path)?;
    let mut lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(|line| line.starts_with("{\"record\"")).ok_or("a record")?;
    lines.remove(first);
    Ok(fs::write(path, lines.join("\n") + "\n")?)
}

fn by_a_line_that_was_taken_out() -> Result<(), Failed> {
    let folder = folder();
    ends_with(&drill(folder.path(), &SHORT), 0);
    take_a_line_out(folder.path())?;
    let report = drill(folder.path(), &["report"]);
    let said = words(&stdout(&report));
    assert!(said.contains("19 of 20 runs"), "{said}");
    stays_so(folder.path(), "lab/visits")?;
    // Resuming it runs the missing runs.
    ends_with(&drill(folder.path(), &[&SHORT[..], &["--resume"]].concat()), 0);
    let whole = drill(folder.path(), &["report"]);
    assert!(!stdout(&whole).contains("incomplete"), "{}", stdout(&whole));
    Ok(())
}

fn by_a_line_that_cannot_be_read() -> Result<(), Failed> {
    let folder = folder();
    ends_with(&drill(folder.path(), &SHORT), 0);
    let path = folder.path().join(OUT).join("campaign.jsonl");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text.replacen("{\"record\":", "{\"rekord\":", 1))?;
    stays_so(folder.path(), "1 line of campaign.jsonl cannot be read")
}

fn by_a_part_that_is_missing() -> Result<(), Failed> {
    let folder = folder();
    for part in ["1", "3"] {
        let slice = format!("slice:{part}/3");
        let run = [&SHORT[..], &["--partition", &slice, "--out", part]].concat();
        ends_with(&drill(folder.path(), &run), 0);
    }
    let merged = drill(folder.path(), &["merge", "1", "3", "--out", OUT]);
    ends_with(&merged, 3);
    says_so(folder.path(), &stdout(&merged), "slice:2/3")?;
    stays_so(folder.path(), "slice:2/3")?;
    let twice = drill(folder.path(), &["merge", "1", "1", "--out", "twice"]);
    ends_with(&twice, 2);
    assert!(stderr(&twice).contains("the same part"), "{}", stderr(&twice));
    Ok(())
}

fn a_budget_that_was_enough_cuts_nothing() -> Result<(), Failed> {
    let folder = folder();
    let output = drill(folder.path(), &[&SHORT[..], &["--time-budget", "1h"]].concat());
    ends_with(&output, 0);
    assert!(!stdout(&output).contains("incomplete"), "{}", stdout(&output));
    // Another budget does not make it another campaign.
    ends_with(&drill(folder.path(), &[&SHORT[..], &["--for", "2h", "--resume"]].concat()), 0);
    Ok(())
}

/// A campaign that was cut in the middle of a sweep is resumed where it was.
fn what_was_swept_is_not_swept_again() -> Result<(), Failed> {
    let folder = folder();
    let swept = ["run", "lab/posted", "--seeds", "1", "--nemesis", "sweep", "--no-shrink"];
    ends_with(&drill(folder.path(), &[&swept[..], &["--max-fail", "20"]].concat()), 1);
    let ran = summary(folder.path())?["tally"]["runs"].as_u64().ok_or("a number of runs")?;
    let output = drill(folder.path(), &[&swept[..], &["--resume"]].concat());
    ends_with(&output, 1);
    let said = words(&stdout(&output));
    let before = format!("{ran} of 229 runs ended before the campaign was resumed");
    assert!(ran > 20 && said.contains(&before), "`{before}` is missing from {said}");
    Ok(())
}

fn output_that_nobody_can_read_is_an_error() -> Result<(), Failed> {
    let folder = folder();
    for arguments in [&SHORT[..], &["list", "scenarios"], &["--help"], &["schema"], &["report"]] {
        let full = fs::File::options().write(true).open("/dev/full")?;
        let output = lab::command(folder.path(), "drill", arguments, &[]).stdout(full).output()?;
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {told}");
        assert!(told.contains("failed to write to standard output"), "{arguments:?}: {told}");
        // A pipe without a reader.
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let output =
            lab::command(folder.path(), "drill", arguments, &[]).stdout(writer).output()?;
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", stderr(&output));
    }
    Ok(())
}

/// The peak memory of a process, in kilobytes.
fn peak_kb(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn a_large_order_takes_no_memory() -> Result<(), Failed> {
    let peak = |seeds: &str| -> Result<(u64, Output), Failed> {
        let folder = folder();
        let run = ["run", "lab/alike", "--seeds", seeds, "--time-budget", "2s", "-j", "1"];
        let mut running = lab::command(folder.path(), "drill", &run, &[])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut peak = 0;
        while running.try_wait()?.is_none() {
            peak = peak.max(peak_kb(running.id()).unwrap_or_default());
            std::thread::yield_now();
        }
        Ok((peak, running.wait_with_output()?))
    };
    let (small, _) = peak("1000")?;
    let (large, output) = peak("1000000000000")?;
    ends_with(&output, 3);
    assert!(stdout(&output).starts_with("incomplete: "), "{}", stdout(&output));
    assert!(large < small + 32 * 1024, "{large} kB for the large order, {small} kB for the small");
    Ok(())
}
