//! Campaigns that are killed, interrupted or partitioned, and the replay of their findings.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use chaosdrill_core::{Record, RunId, record::CampaignLine};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::{self, ends_with, folder, stderr, stdout};

type Test = fn() -> Result<(), Failed>;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 11] = [
        ("a_killed_campaign_goes_on", a_killed_campaign_goes_on),
        ("an_interrupted_campaign_ends_cleanly", an_interrupted_campaign_ends_cleanly),
        ("only_the_same_campaign_is_resumed", only_the_same_campaign_is_resumed),
        ("the_parts_add_up_to_the_whole", the_parts_add_up_to_the_whole),
        ("a_violation_is_made_smaller_and_kept", a_violation_is_made_smaller_and_kept),
        (
            "a_plan_that_is_shrunk_by_hand_is_in_the_report",
            a_plan_that_is_shrunk_by_hand_is_in_the_report,
        ),
        ("a_record_is_run_again_by_itself", a_record_is_run_again_by_itself),
        ("a_record_is_made_smaller_and_kept", a_record_is_made_smaller_and_kept),
        ("a_dead_worker_takes_no_plan_with_it", a_dead_worker_takes_no_plan_with_it),
        ("a_record_that_cannot_be_run_again_says_why", a_record_that_cannot_be_run_again_says_why),
        ("a_kept_plan_whose_site_is_gone_says_so", a_kept_plan_whose_site_is_gone_says_so),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(format!("campaigns/{name}"), test)).collect()
}

const ALL_NEMESES: &str = "script,swarm,sweep";

/// A campaign with every feature: findings that are shrunk, swarms, and a sweep with its second rounds.
fn campaign<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let common =
        ["run", "lab/posted", "--seeds", "20", "--nemesis", ALL_NEMESES, "--run-timeout", "60s"];
    [&common[..], more].concat()
}

fn drill(folder: &Path, arguments: &[&str]) -> Output {
    lab::program(folder, "drill", arguments, &[])
}

/// The results of a campaign without measurements: its runs, its summary, and the folder of each finding. Commands name
/// the folder, which is replaced by `OUT`.
fn left_behind(out: &Path) -> Result<Vec<(PathBuf, String)>, Failed> {
    let mut left = Vec::new();
    let name = format!(" {}/", out.file_name().unwrap_or_default().display());
    let files = ["campaign.jsonl", "summary.json", "junit.xml"].map(PathBuf::from);
    for file in files.into_iter().chain(findings(out)?) {
        let text = fs::read_to_string(out.join(&file))
            .map_err(|why| format!("failed to read {}: {why}", file.display()))?;
        left.push((file, without_measured(&text).replace(&name, " OUT/")));
    }
    Ok(left)
}

/// The plans and records in the folders of runs, relative to the campaign's folder.
fn findings(out: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut found = Vec::new();
    let mut open = vec![out.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let is_wanted = ["record.json", "plan.toml", "plan.min.toml"]
                .iter()
                .any(|name| path.file_name().is_some_and(|file| file == *name));
            if path.is_dir() {
                open.push(path);
            } else if is_wanted {
                found.push(path.strip_prefix(out)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A JSON or JSON Lines file without measurements; any other file unchanged.
fn without_measured(text: &str) -> String {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.remove("measured");
                object.values_mut().for_each(strip);
            }
            Value::Array(array) => array.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let plain = |text: &str| {
        let mut value: Value = serde_json::from_str(text).ok()?;
        strip(&mut value);
        Some(value.to_string())
    };
    plain(text).unwrap_or_else(|| {
        let line = |line: &str| plain(line).unwrap_or_else(|| line.to_owned()) + "\n";
        text.lines().map(line).collect()
    })
}

#[track_caller]
pub(crate) fn are_equal(one: &Path, other: &Path) -> Result<(), Failed> {
    let (one, other) = (left_behind(one)?, left_behind(other)?);
    let names = |left: &[(PathBuf, String)]| -> Vec<PathBuf> {
        left.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&one), names(&other));
    for ((name, one), (_, other)) in one.iter().zip(&other) {
        assert_eq!(one, other, "{} differs", name.display());
    }
    Ok(())
}

/// Starts a campaign in the background.
fn begin(folder: &Path, arguments: &[&str]) -> std::io::Result<Child> {
    let mut command = lab::command(folder, "drill", arguments, &[]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// Waits until this many lines are written, or the campaign has ended.
fn wait_for_lines(campaign: &mut Child, out: &Path, lines: usize) -> std::io::Result<()> {
    let written =
        || fs::read_to_string(out.join("campaign.jsonl")).map_or(0, |text| text.lines().count());
    while written() < lines && campaign.try_wait()?.is_none() {
        std::thread::yield_now();
    }
    Ok(())
}

fn send(signal: &str, process: &str) {
    let _ = Command::new("kill").args([signal, process]).stderr(Stdio::null()).status();
}

fn a_killed_campaign_goes_on() -> Result<(), Failed> {
    let (whole, killed) = (folder(), folder());
    ends_with(&drill(whole.path(), &campaign(&["-j", "2"])), 1);
    let undisturbed = whole.path().join("target/drill");
    let out = killed.path().join("target/drill");
    let all = fs::read_to_string(undisturbed.join("campaign.jsonl"))?.lines().count();
    // Repeatedly: workers are killed, then the campaign, each time a little later.
    let mut arguments = campaign(&["-j", "2"]);
    for round in 1..=6 {
        let mut running = begin(killed.path(), &arguments)?;
        wait_for_lines(&mut running, &out, all * (2 * round - 1) / 12)?;
        for worker in lab::workers_of(running.id()).iter().take(round % 2 + 1) {
            send("-KILL", worker);
        }
        wait_for_lines(&mut running, &out, all * 2 * round / 12)?;
        running.kill()?;
        running.wait()?;
        arguments = campaign(&["-j", "2", "--resume"]);
    }
    let last = drill(killed.path(), &campaign(&["-j", "3", "--resume"]));
    ends_with(&last, 1);
    are_equal(&undisturbed, &out)
}

fn an_interrupted_campaign_ends_cleanly() -> Result<(), Failed> {
    let (whole, broken_off) = (folder(), folder());
    let calm = ["run", "lab/visits", "--seeds", "150", "--nemesis", "script"];
    ends_with(&drill(whole.path(), &calm), 0);
    let out = broken_off.path().join("target/drill");
    let mut running = begin(broken_off.path(), &calm)?;
    wait_for_lines(&mut running, &out, 30)?;
    send("-INT", &running.id().to_string());
    let output = running.wait_with_output()?;
    ends_with(&output, 130);
    let summary: Value = serde_json::from_str(&fs::read_to_string(out.join("summary.json"))?)?;
    assert!(summary["tally"]["runs"].as_u64().is_some_and(|runs| runs >= 20), "{summary}");
    assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
    ends_with(&drill(broken_off.path(), &[&calm[..], &["--resume"]].concat()), 0);
    are_equal(&whole.path().join("target/drill"), &out)
}

fn only_the_same_campaign_is_resumed() -> Result<(), Failed> {
    let folder = folder();
    let nothing = drill(folder.path(), &campaign(&["--resume"]));
    ends_with(&nothing, 2);
    assert!(stderr(&nothing).contains("nothing to resume"), "{}", stderr(&nothing));
    drill(folder.path(), &["run", "lab/visits", "--seeds", "1", "--nemesis", "script"]);
    let another = drill(folder.path(), &campaign(&["--resume"]));
    ends_with(&another, 2);
    assert!(stderr(&another).contains("contains a different campaign"), "{}", stderr(&another));
    let lines = folder.path().join("target/drill/campaign.jsonl");
    let older = fs::read_to_string(&lines)?.replacen("\"version\":2", "\"version\":1", 1);
    fs::write(&lines, older)?;
    let older = drill(folder.path(), &campaign(&["--resume"]));
    ends_with(&older, 2);
    assert!(stderr(&older).contains("was started in version 1"), "{}", stderr(&older));
    Ok(())
}

fn the_parts_add_up_to_the_whole() -> Result<(), Failed> {
    let folder = folder();
    let run = |out: &str, part: &str| {
        let mut arguments = campaign(&["--out", out]);
        if !part.is_empty() {
            arguments.extend(["--partition", part]);
        }
        drill(folder.path(), &arguments)
    };
    ends_with(&run("whole", ""), 1);
    for part in 1..=3 {
        run(&format!("part{part}"), &format!("slice:{part}/3"));
    }
    let merged = drill(folder.path(), &["merge", "part3", "part1", "part2", "--out", "merged"]);
    ends_with(&merged, 1);
    are_equal(&folder.path().join("whole"), &folder.path().join("merged"))?;
    let short = drill(folder.path(), &["merge", "part3", "part1", "--out", "short"]);
    ends_with(&short, 3);
    assert!(stdout(&short).contains("slice:2/3"), "{}", stdout(&short));
    Ok(())
}

/// One fault that matters, and two that do not.
const PLAN_OF_THREE: &str = r#"version = 1
scenario = "lab/fragile"
seed = "0x1"

[[fault]]
at = { host = "client", site = "fp:lab.visit", hit = 1 }
do = { stall = "90s" }

[[fault]]
at = { host = "client", site = "sql:visit.commit", hit = 3 }
do = { lost_ack = "reset" }

[[fault]]
at = { host = "client", site = "sql:visit.insert", hit = 3 }
do = { delay = "9s" }
"#;

fn a_violation_is_made_smaller_and_kept() -> Result<(), Failed> {
    let folder = folder();
    let manifest = folder.path().to_str().ok_or("a path in UTF-8")?.to_owned();
    let drill = |arguments: &[&str]| {
        lab::program(folder.path(), "drill", arguments, &[("LAB_MANIFEST", &manifest)])
    };
    let run = folder.path().join("found");
    fs::create_dir(&run)?;
    fs::write(run.join("plan.toml"), PLAN_OF_THREE)?;
    let run = run.to_str().ok_or("a path in UTF-8")?;
    let shrunk = drill(&["shrink", run]);
    ends_with(&shrunk, 0);
    assert!(stdout(&shrunk).contains("1 of 3 faults needed for every_visit_is_counted"));
    let minimal = fs::read_to_string(Path::new(run).join("plan.min.toml"))?;
    assert_eq!(minimal.matches("[[fault]]").count(), 1, "{minimal}");
    let visits = |plan: &str| {
        let plan = Path::new(run).join(plan);
        let replayed = drill(&["replay", "--plan", &plan.display().to_string()]);
        stdout(&replayed).matches(" invoke ").count()
    };
    assert_eq!((visits("plan.toml"), visits("plan.min.toml")), (4, 1), "{minimal}");
    ends_with(&drill(&["keep", run, "--why", "an answer is lost", "--name", "lost"]), 0);
    let kept = fs::read_to_string(folder.path().join("regressions/lost.toml"))?;
    assert!(kept.starts_with("# an answer is lost\n"), "{kept}");
    let twice = drill(&["keep", run, "--why", "again", "--name", "lost"]);
    ends_with(&twice, 2);
    let again =
        drill(&["run", "lab/fragile", "--seeds", "1", "--nemesis", "script", "--max-fail", "1"]);
    ends_with(&again, 1);
    let ran = fs::read_to_string(folder.path().join("target/drill/campaign.jsonl"))?;
    assert!(ran.lines().any(|line| line.contains("kept-lost")), "the kept plan did not run");
    // A plan that is kept already says why in every format, and nothing suggests keeping it again.
    let read = |file: &str| fs::read_to_string(folder.path().join("target/drill").join(file));
    let formats = [
        ("terminal", stdout(&again)),
        ("page", read("report.html")?),
        ("summary", read("summary.md")?),
        ("JUnit", read("junit.xml")?),
    ];
    for (format, text) in formats {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("an answer is lost"), "{format}: {text}");
        assert!(text.contains("regressions/lost.toml"), "{format}: {text}");
        let kept_run = "lab.fragile/0x1-kept-lost";
        let again = |line: &&str| line.contains(" keep ") && line.contains(kept_run);
        assert_eq!(text.lines().find(again), None, "{format}");
    }
    let plan = folder.path().join("regressions/lost.toml").display().to_string();
    let explained = drill(&["explain", &plan]);
    ends_with(&explained, 0);
    let explained = stdout(&explained);
    for sentence in [
        "Scenario lab/fragile is run from seed 0x1.",
        "It claims: a client that was refused left no trace.",
        "The plan is kept because: an answer is lost.",
        "There is one fault:",
    ] {
        assert!(explained.lines().any(|line| line == sentence), "{sentence}: {explained}");
    }
    assert!(explained.contains("reaches sql:visit.commit, the step happens"), "{explained}");
    Ok(())
}

fn a_plan_that_is_shrunk_by_hand_is_in_the_report() -> Result<(), Failed> {
    let folder = folder();
    let run = ["run", "lab/fragile", "--seeds", "12", "--no-shrink"];
    ends_with(&drill(folder.path(), &run), 1);
    let out = folder.path().join("target/drill");
    let page = || fs::read_to_string(out.join("report.html"));
    assert!(page()?.contains("not shrunk") || page()?.contains("Not shrunk"));
    let summary = || -> Result<Value, Failed> {
        Ok(serde_json::from_str(&fs::read_to_string(out.join("summary.json"))?)?)
    };
    for finding in summary()?["findings"].as_array().ok_or("a list")? {
        let run: RunId = serde_json::from_value(finding["run"].clone())?;
        let folder_of_run = out.join(run.folder()).display().to_string();
        ends_with(&drill(folder.path(), &["shrink", &folder_of_run]), 0);
    }
    ends_with(&drill(folder.path(), &["report"]), 0);
    assert!(!page()?.to_lowercase().contains("not shrunk"));
    for finding in summary()?["findings"].as_array().ok_or("a list")? {
        let run: RunId = serde_json::from_value(finding["run"].clone())?;
        assert!(!finding["triage"]["minimal"].is_null(), "{finding}");
        let smallest = out.join(run.folder()).join("smallest");
        for file in ["record.json", "plan.toml", "trace.jsonl", "report.html"] {
            assert!(smallest.join(file).is_file(), "{file}");
        }
    }
    Ok(())
}

/// The records of a campaign by the source of their faults; of each source only the last record, which differs most.
fn last_of_each_origin(campaign: &Path) -> Result<BTreeMap<String, Record>, Failed> {
    let mut records = BTreeMap::new();
    for line in fs::read_to_string(campaign)?.lines() {
        if let CampaignLine::Record(record) = serde_json::from_str(line)? {
            records.insert(record.run.origin.kind().to_owned(), *record);
        }
    }
    Ok(records)
}

fn a_record_is_run_again_by_itself() -> Result<(), Failed> {
    let folder = folder();
    let manifest = folder.path().to_str().ok_or("a path in UTF-8")?.to_owned();
    let drill = |arguments: &[&str]| {
        lab::program(folder.path(), "drill", arguments, &[("LAB_MANIFEST", &manifest)])
    };
    let regressions = folder.path().join("regressions");
    fs::create_dir(&regressions)?;
    fs::write(regressions.join("slow.toml"), KEPT_PLAN)?;
    drill(&["run", "lab/posted", "--seeds", "3", "--nemesis", ALL_NEMESES]);
    // A record carries the plan of a kept plan or of a swarm.
    fs::remove_dir_all(&regressions)?;
    let records = last_of_each_origin(&folder.path().join("target/drill/campaign.jsonl"))?;
    let origins: Vec<&str> = records.keys().map(String::as_str).collect();
    assert_eq!(origins, ["kept", "script", "swarm", "sweep"]);
    assert_eq!(records["kept"].plan().workload_max, Some(2));
    let mut plain = 0;
    for (origin, record) in &records {
        let file = folder.path().join(format!("{origin}.json"));
        fs::write(&file, serde_json::to_string(&record)?)?;
        let replayed = drill(&["replay", "--plan", &file.display().to_string(), "--trace", "off"]);
        let digest = record.digest.as_deref().ok_or("the worker lived")?;
        assert!(stdout(&replayed).contains(digest), "{origin}: {}", stdout(&replayed));
        // The faults alone are the whole plan only for scripts and sweeps.
        let faults = Record { plan_rest: None, ..record.clone() }.plan();
        plain += u64::from(faults == record.plan());
    }
    assert_eq!(plain, 2, "of script and sweep they are");
    Ok(())
}

/// Everything in this plan except for its faults differs from the defaults.
const KEPT_PLAN: &str = r#"version = 1
scenario = "lab/posted"
seed = "0x5"
order = "fifo"
chaos = "until-calm"
workload_max = 2

[[fault]]
at = { host = "poster", site = "sql:post.insert", hit = 2 }
do = { delay = "1s" }
"#;

fn a_record_is_made_smaller_and_kept() -> Result<(), Failed> {
    let folder = folder();
    let manifest = folder.path().to_str().ok_or("a path in UTF-8")?.to_owned();
    let drill = |arguments: &[&str]| {
        lab::program(folder.path(), "drill", arguments, &[("LAB_MANIFEST", &manifest)])
    };
    let lost = ["replay", "--plan", "plan.toml", "--out", "run"];
    fs::write(folder.path().join("plan.toml"), PLAN_OF_THREE)?;
    ends_with(&drill(&lost), 1);
    let run = folder.path().join("run");
    fs::remove_file(run.join("plan.toml"))?;
    let shrunk = drill(&["shrink", "run"]);
    ends_with(&shrunk, 0);
    assert!(stdout(&shrunk).contains("1 of 3 faults needed for every_visit_is_counted"));
    let record = run.join("record.json").display().to_string();
    ends_with(&drill(&["keep", &record, "--why", "an answer is lost", "--name", "lost"]), 0);
    let kept = fs::read_to_string(folder.path().join("regressions/lost.toml"))?;
    assert!(kept.contains("\n# violated: every_visit_is_counted\n"), "{kept}");
    assert_eq!(kept.matches("[[fault]]").count(), 3, "{kept}");
    assert!(!kept.contains("found ="), "{kept}");
    Ok(())
}

fn a_dead_worker_takes_no_plan_with_it() -> Result<(), Failed> {
    let folder = folder();
    let manifest = folder.path().to_str().ok_or("a path in UTF-8")?.to_owned();
    fs::create_dir(folder.path().join("regressions"))?;
    let plan = KEPT_PLAN.replace("lab/posted", "lab/aborts").replace("poster", "client");
    fs::write(folder.path().join("regressions/slow.toml"), plan)?;
    let run = ["run", "lab/aborts", "--seeds", "1", "--nemesis", "script,swarm"];
    lab::program(folder.path(), "drill", &run, &[("LAB_MANIFEST", &manifest)]);
    let records = last_of_each_origin(&folder.path().join("target/drill/campaign.jsonl"))?;
    let [kept, swarm] = ["kept", "swarm"].map(|origin| &records[origin]);
    assert!(kept.digest.is_none() && kept.faults.is_empty(), "nobody knows what struck");
    let faults: Vec<String> = kept.plan().faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults, ["delay client at sql:post.insert hit 2 by 1s"]);
    assert_eq!(kept.plan().workload_max, Some(2));
    assert!(swarm.plan_rest.is_none(), "what it drew died with its worker");
    Ok(())
}

fn a_record_that_cannot_be_run_again_says_why() -> Result<(), Failed> {
    let folder = folder();
    drill(folder.path(), &["run", "lab/visits", "--seeds", "1", "--nemesis", "script"]);
    let records = last_of_each_origin(&folder.path().join("target/drill/campaign.jsonl"))?;
    let record = serde_json::to_string(&records["script"])?;
    let plan = "\"plan\":{}";
    assert!(record.contains(plan), "{record}");
    let preemption = r#"{"host":"client","life":1,"thread":2,"call":17}"#;
    let preempted = format!("\"plan\":{{\"preemptions\":[{preemption}]}}");
    let cases = [
        (record.replace(&format!("{plan},"), ""), "has only the faults of the plan"),
        (record.replacen("\"version\":2", "\"version\":3", 1), "the record has version 3"),
        (record.replace(plan, &preempted), "that needs an engine"),
        (record.replace(plan, &preempted.replace(":17", ":0")), "`call` counts from 1"),
        (record.replace("\"verdict\"", "\"vredict\""), "not a record: missing field"),
    ];
    for (text, wanted) in cases {
        fs::write(folder.path().join("record.json"), text)?;
        let replayed = drill(folder.path(), &["replay", "--plan", "record.json"]);
        ends_with(&replayed, 2);
        assert!(stderr(&replayed).contains(wanted), "{wanted}: {}", stderr(&replayed));
    }
    Ok(())
}

fn a_kept_plan_whose_site_is_gone_says_so() -> Result<(), Failed> {
    let folder = folder();
    let manifest = folder.path().to_str().ok_or("a path in UTF-8")?.to_owned();
    fs::create_dir(folder.path().join("regressions"))?;
    fs::write(
        folder.path().join("regressions/gone.toml"),
        PLAN_OF_THREE.replace("visit.commit", "visit.renamed").replace("fragile", "visits"),
    )?;
    let arguments = ["run", "lab/visits", "--seeds", "1", "--nemesis", "script"];
    let output = lab::program(folder.path(), "drill", &arguments, &[("LAB_MANIFEST", &manifest)]);
    ends_with(&output, 3);
    assert!(stdout(&output).contains("sql:visit.renamed"), "{}", stdout(&output));
    Ok(())
}
