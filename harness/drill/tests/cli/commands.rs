//! The commands: their output, files and exit codes.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::{drill, ends_with, folder, program, stderr, stdout};

type Test = fn() -> Result<(), Failed>;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 18] = [
        ("a_campaign_leaves_its_files", a_campaign_leaves_its_files),
        ("who_writes_a_page_says_where", who_writes_a_page_says_where),
        ("equal_input_gives_equal_files", equal_input_gives_equal_files),
        ("a_finding_replays_from_seed_and_plan", a_finding_replays_from_seed_and_plan),
        ("a_profile_knows_every_pass_of_a_site", a_profile_knows_every_pass_of_a_site),
        ("verify_finds_nondeterminism", verify_finds_nondeterminism),
        ("a_program_is_not_taken_for_the_other", a_program_is_not_taken_for_the_other),
        ("diff_shows_the_first_difference", diff_shows_the_first_difference),
        ("lists_begin_with_names", lists_begin_with_names),
        (
            "a_mark_without_a_hit_makes_a_campaign_unknown",
            a_mark_without_a_hit_makes_a_campaign_unknown,
        ),
        ("bad_input_is_told_and_ends_with_2", bad_input_is_told_and_ends_with_2),
        ("a_message_names_the_variable_that_was_set", a_message_names_the_variable_that_was_set),
        ("what_selects_nothing_says_so", what_selects_nothing_says_so),
        ("a_short_time_limit_is_for_the_users_runs", a_short_time_limit_is_for_the_users_runs),
        ("git_completes_a_short_hash", git_completes_a_short_hash),
        ("a_torn_campaign_is_reported", a_torn_campaign_is_reported),
        ("limits_of_a_campaign", limits_of_a_campaign),
        ("a_failed_report_changes_no_verdict", a_failed_report_changes_no_verdict),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(format!("commands/{name}"), test)).collect()
}

fn digest(output: &Output) -> String {
    let said = stdout(output);
    let line = said.lines().last().unwrap_or_default();
    line.strip_prefix("digest  ").unwrap_or_else(|| panic!("no digest in {said}")).to_owned()
}

fn a_profile_knows_every_pass_of_a_site() -> Result<(), Failed> {
    let folder = folder();
    let replay = ["replay", "lab/visits", "--seed", "0"];
    let json = ["--message-format", "json"];
    let run = drill(folder.path(), &[&replay[..], &json, &["--trace", "off"]].concat());
    let record: Value = serde_json::from_str(stdout(&run).trim())?;
    let profiled = drill(folder.path(), &[&replay[..], &json, &["--profile"]].concat());
    ends_with(&profiled, 0);
    let profiled: Value = serde_json::from_str(stdout(&profiled).trim())?;
    let runs = profiled["runs"].as_u64().ok_or("a number of runs")?;
    let passes = record["sites"].as_object().ok_or("sites")?;
    let measured = profiled["profile"]["sites"].as_object().ok_or("measured sites")?;
    let of_databases = passes.iter().filter(|(site, _)| site.starts_with("sql:"));
    assert!(runs > 0 && of_databases.clone().count() > 0, "{record}");
    for (site, passes) in of_databases {
        let passes = passes.as_u64().ok_or("a number of passes")?;
        assert_eq!(measured[site]["passes"], passes * runs, "{site}");
    }
    let said = stdout(&drill(folder.path(), &[&replay[..], &["--profile"]].concat()));
    let shares = said.lines().filter(|line| line.ends_with(" ms"));
    let shares = shares.filter_map(|line| line.split(" %").next()?.split_whitespace().last());
    let sum: f64 = shares.filter_map(|share| share.parse::<f64>().ok()).sum();
    assert!((sum - 100.0).abs() < 0.5, "{said}");
    assert!(said.contains("the dearest sites") && said.contains(" passes  sql:"), "{said}");
    Ok(())
}

/// The JSON of a file without measurements.
fn without_measured(text: &str) -> String {
    let strip = |mut value: Value| {
        if let Some(record) = value.get_mut("record").and_then(Value::as_object_mut) {
            record.remove("measured");
        }
        if let Some(object) = value.as_object_mut() {
            object.remove("measured");
        }
        value.to_string()
    };
    text.lines()
        .map(|line| serde_json::from_str(line).map_or_else(|_| line.to_owned(), strip) + "\n")
        .collect()
}

fn a_campaign_leaves_its_files() -> Result<(), Failed> {
    let folder = folder();
    let output = drill(folder.path(), &["run", "lab/fragile", "--seeds", "8"]);
    ends_with(&output, 1);
    let out = folder.path().join("target/drill");
    for file in ["campaign.jsonl", "summary.json", "summary.md", "junit.xml"] {
        assert!(out.join(file).is_file(), "{file} is missing");
    }
    let findings: Vec<_> = fs::read_dir(out.join("lab.fragile"))?.collect::<Result<_, _>>()?;
    assert!(!findings.is_empty());
    for file in ["record.json", "plan.toml", "history.jsonl", "trace.jsonl", "db.sqlite"] {
        assert!(findings[0].path().join(file).is_file(), "{file} is missing");
    }
    let again = drill(folder.path(), &["report"]);
    ends_with(&again, 0);
    let block = |text: &str| {
        text.lines()
            .filter(|line| !line.contains(" runs a second"))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    assert!(block(&stdout(&again)).contains("FAIL  lab/fragile"));
    drill(folder.path(), &["run", "lab/visits", "--seeds", "1"]);
    assert!(
        folder.path().join("target/drill.old/lab.fragile").is_dir(),
        "the older campaign was not kept"
    );
    Ok(())
}

fn who_writes_a_page_says_where() -> Result<(), Failed> {
    let folder = folder();
    let run = ["run", "lab/fragile", "--seeds", "2", "--out"];
    let cases: [(&[&str], &str); 6] = [
        (&[&run[..], &["a", "--partition", "slice:1/2"]].concat(), "a"),
        (&[&run[..], &["b", "--partition", "slice:2/2"]].concat(), "b"),
        (&["merge", "a", "b", "--out", "c"], "c"),
        (&["report", "c"], "c"),
        (&["prove", "L1", "--out", "d"], "d"),
        (&["report", "d"], "d"),
    ];
    for (arguments, written) in cases {
        let said = stdout(&drill(folder.path(), arguments));
        let last = format!("report  {written}/report.html");
        assert_eq!(said.lines().last(), Some(&*last), "{arguments:?}: {said}");
    }
    let replay = ["replay", "lab/fragile", "--seed", "1", "--out", "e"];
    let said = stdout(&drill(folder.path(), &replay));
    assert!(said.contains("\nrun  e\ndigest  "), "{said}");
    Ok(())
}

fn equal_input_gives_equal_files() -> Result<(), Failed> {
    let (one, other) = (folder(), folder());
    drill(one.path(), &["run", "lab/fragile", "--seeds", "12", "-j", "1"]);
    drill(other.path(), &["run", "lab/fragile", "--seeds", "12", "-j", "4"]);
    let read = |folder: &Path, file: &str| {
        fs::read_to_string(folder.join("target/drill").join(file)).expect("it is written")
    };
    let campaign = |folder| without_measured(&read(folder, "campaign.jsonl"));
    assert_eq!(campaign(one.path()), campaign(other.path()));
    assert_eq!(read(one.path(), "junit.xml"), read(other.path(), "junit.xml"));
    let summary = |folder| -> Value {
        let mut value: Value = serde_json::from_str(&read(folder, "summary.json")).expect("JSON");
        value.as_object_mut().expect("an object").remove("measured");
        value
    };
    assert_eq!(summary(one.path()), summary(other.path()));
    Ok(())
}

fn a_finding_replays_from_seed_and_plan() -> Result<(), Failed> {
    let folder = folder();
    ends_with(&drill(folder.path(), &["run", "lab/visits", "--seeds", "1", "--defect", "L1"]), 1);
    let from_seed = drill(
        folder.path(),
        &["replay", "lab/visits", "--seed", "0", "--defect", "L1", "--trace", "full"],
    );
    ends_with(&from_seed, 1);
    let plan = "target/drill/lab.visits/0x0/plan.toml";
    let from_plan = drill(folder.path(), &["replay", "--plan", plan, "--trace", "off"]);
    ends_with(&from_plan, 1);
    assert_eq!(digest(&from_seed), digest(&from_plan));
    let record: Value = serde_json::from_str(&fs::read_to_string(
        folder.path().join("target/drill/lab.visits/0x0/record.json"),
    )?)?;
    assert_eq!(record["digest"], digest(&from_plan));
    let sound = drill(folder.path(), &["replay", "lab/visits", "--seed", "0", "--out", "sound"]);
    ends_with(&sound, 0);
    // Requested files are written even if the run is valid.
    assert!(folder.path().join("sound/trace.jsonl").is_file());
    Ok(())
}

fn verify_finds_nondeterminism() -> Result<(), Failed> {
    let folder = folder();
    ends_with(&drill(folder.path(), &["verify", "lab/visits", "--seeds", "4"]), 0);
    let output = drill(folder.path(), &["verify", "lab/wanders", "--seeds", "2"]);
    ends_with(&output, 5);
    let said = stdout(&output);
    assert!(said.contains("NONDETERMINISM  lab/wanders"), "{said}");
    assert!(said.contains("observe  number"), "{said}");
    Ok(())
}

/// One binary contains one simulator, and says which.
fn a_program_is_not_taken_for_the_other() -> Result<(), Failed> {
    use chaosdrill::rt::sim::{OTHER_SIMULATOR, SIMULATOR};
    let folder = folder();
    let own = drill(folder.path(), &["list", "scenarios", "--simulator", SIMULATOR]);
    ends_with(&own, 0);
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let output = drill(folder.path(), arguments);
        ends_with(&output, code);
        assert!(stderr(&output).contains(words), "{arguments:?}:\n{}", stderr(&output));
    };
    let built = format!("built on {SIMULATOR}, not on {OTHER_SIMULATOR}");
    refused(&["list", "scenarios", "--simulator", OTHER_SIMULATOR], 2, &built);
    refused(&["list", "scenarios", "--simulator", "simgrid"], 2, "no simulator `simgrid`");
    refused(
        &["cross", "lab/visits"],
        2,
        &format!("there is no program built on {OTHER_SIMULATOR}"),
    );
    let this = std::env::current_exe()?;
    let this = this.to_str().expect("a plain path");
    let asked = format!("built on {SIMULATOR} and cannot run a plan for {OTHER_SIMULATOR}");
    refused(&["cross", "lab/visits", "--seeds", "1", "--other", this], 70, &asked);
    Ok(())
}

fn diff_shows_the_first_difference() -> Result<(), Failed> {
    let folder = folder();
    for (seed, out) in [("0", "a"), ("0", "b"), ("1", "c")] {
        drill(
            folder.path(),
            &["replay", "lab/visits", "--seed", seed, "--defect", "L1", "--out", out],
        );
    }
    let equal = drill(folder.path(), &["diff", "a", "b"]);
    ends_with(&equal, 0);
    let different = drill(folder.path(), &["diff", "a/trace.jsonl", "c"]);
    ends_with(&different, 1);
    assert!(stdout(&different).contains("first  #"), "{}", stdout(&different));
    Ok(())
}

fn lists_begin_with_names() -> Result<(), Failed> {
    let folder = folder();
    for (what, first) in [
        ("scenarios", "lab/aborts"),
        ("defects", "L1"),
        ("failpoints", "lab.visit"),
        ("checks", "broken"),
    ] {
        let output = drill(folder.path(), &["list", what]);
        ends_with(&output, 0);
        assert_eq!(stdout(&output).split_whitespace().next(), Some(first), "{what}");
    }
    Ok(())
}

fn a_mark_without_a_hit_makes_a_campaign_unknown() -> Result<(), Failed> {
    let folder = folder();
    // With a filter or with few seeds, a mark without a hit means nothing.
    ends_with(&drill(folder.path(), &["run", "lab/vacuous", "--seeds", "10"]), 0);
    Ok(())
}

fn bad_input_is_told_and_ends_with_2() -> Result<(), Failed> {
    let folder = folder();
    fs::write(
        folder.path().join("typo.toml"),
        "version = 1\nscenario = \"lab/visits\"\nseed = \"1\"\n\n[[fault]]\nat = { site = \"sql:x\", hitt = 1 }\ndo = { stall = \"1s\" }\n",
    )?;
    let plan = |at: &str| {
        format!(
            "version = 1\nscenario = \"lab/visits\"\nseed = \"1\"\n\n[[fault]]\nat = {at}\ndo = {{ stall = \"1s\" }}\n"
        )
    };
    fs::write(folder.path().join("host.toml"), plan("{ host = \"cleint\", site = \"sql:x\" }"))?;
    fs::write(folder.path().join("point.toml"), plan("{ site = \"fp:lab.visits\" }"))?;
    fs::write(folder.path().join("file"), "in the way")?;
    let cases: [(&[&str], &str); 17] = [
        (&["replay", "lab/visit", "--seed", "1"], "did you mean lab/visits"),
        (&["replay", "lab/visits", "--seed", "0x"], "`0x` is not a seed"),
        (&["replay", "lab/visits"], "--seed <S>"),
        (&["run", "--seeds", "5..5"], "is an empty range"),
        (&["run", "--time-budget", "soon"], "`soon` is not a duration"),
        (&["run", "--defect", "L2"], "did you mean L1?"),
        (&["run", "lab/visits", "--out", "file/below"], "choose another folder with --out"),
        (&["run", "--db", "oracle"], "possible values: sqlite"),
        (&["run", "--max-fail", "0"], "0 is not in 1.."),
        (&["run", "--base", "abcdef1"], "git finds no commit `abcdef1`"),
        (
            &["replay", "lab/visits", "--seed", "1", "--nemesis", "sweep"],
            "possible values: script, swarm",
        ),
        (&["replay", "--plan", "typo.toml"], "line 6, column 24"),
        (&["replay", "--plan", "host.toml"], "no host `cleint`; did you mean client?"),
        (&["replay", "--plan", "point.toml"], "no failpoint `lab.visits`; did you mean lab.visit?"),
        (&["replay", "lab/fragile", "--plan", "none.toml"], "failed to read the plan none.toml"),
        (&["report", "nowhere"], "failed to open nowhere/campaign.jsonl"),
        (&["diff", "file", "file"], "line 1 of file is not a trace event"),
    ];
    for (arguments, words) in cases {
        let output = drill(folder.path(), arguments);
        ends_with(&output, 2);
        assert!(
            stderr(&output).contains(words),
            "{arguments:?}: `{words}` is missing from:\n{}",
            stderr(&output)
        );
    }
    Ok(())
}

/// A message about a value names what the user set: the flag, or the variable.
fn a_message_names_the_variable_that_was_set() -> Result<(), Failed> {
    let folder = folder();
    fs::write(folder.path().join("file"), "in the way")?;
    let run: &[&str] = &["run", "lab/visits"];
    let cases: [(&[&str], (&str, &str), &str); 13] = [
        (run, ("DRILL_SEEDS", "x"), "invalid value 'x' for 'DRILL_SEEDS'"),
        (run, ("DRILL_SEED", "x"), "invalid value 'x' for 'DRILL_SEED'"),
        (run, ("DRILL_BASE", "abcdef1"), "for 'DRILL_BASE': git finds no commit"),
        (run, ("DRILL_JOBS", "0"), "invalid value '0' for 'DRILL_JOBS'"),
        (run, ("DRILL_RESUME", "maybe"), "invalid value 'maybe' for 'DRILL_RESUME'"),
        (run, ("DRILL_MESSAGE_FORMAT", "xml"), "invalid value 'xml' for 'DRILL_MESSAGE_FORMAT'"),
        (
            run,
            ("DRILL_DEFECT", "L2"),
            "DRILL_DEFECT names an unknown planted bug `L2`; did you mean L1?",
        ),
        (run, ("DRILL_DEFECT", ""), "an id of DRILL_DEFECT is empty"),
        (&["run", "--defect", "L1,"], ("DRILL_SEED", "0"), "an id of --defect is empty"),
        (run, ("DRILL_OUT", "file/below"), "choose another folder with DRILL_OUT"),
        (
            &["run", "--seeds", "2"],
            ("DRILL_SEED", "1"),
            "'--seeds <N|A..B>' cannot be used with 'DRILL_SEED'",
        ),
        (
            &["run", "--seeds", "x"],
            ("DRILL_SEEDS", "1"),
            "invalid value 'x' for '--seeds <N|A..B>'",
        ),
        (
            &["run", "--defect", "L2"],
            ("DRILL_OUT", "elsewhere"),
            "--defect names an unknown planted bug `L2`; did you mean L1?; `cargo drill list defects`",
        ),
    ];
    for (arguments, variable, words) in cases {
        let output = program(folder.path(), "drill", arguments, &[variable]);
        ends_with(&output, 2);
        assert!(
            stderr(&output).contains(words),
            "{arguments:?}, {variable:?}: {}",
            stderr(&output)
        );
    }
    let output = drill(folder.path(), &["merge", "nowhere", "--out", "whole"]);
    ends_with(&output, 2);
    assert!(!stderr(&output).contains("report"), "{}", stderr(&output));
    Ok(())
}

fn what_selects_nothing_says_so() -> Result<(), Failed> {
    let folder = folder();
    let cases: [(&str, &[&str], &str); 3] = [
        ("drill", &["run", "lab/vist"], "did you mean lab/visits"),
        ("drill", &["prove", "L2"], "no planted bug and no target is named `L2`; did you mean L1?"),
        ("empty", &["list", "goals"], "this program registers no coverage goals"),
    ];
    for (which, arguments, words) in cases {
        let output = program(folder.path(), which, arguments, &[]);
        ends_with(&output, 4);
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
    }
    Ok(())
}

/// With the time limit of a run, the self-test would say that the harness is broken.
fn a_short_time_limit_is_for_the_users_runs() -> Result<(), Failed> {
    let folder = folder();
    // A run that never ends by itself, so that the speed of the machine does not matter.
    let run = ["run", "lab/spins", "--seed", "0", "--nemesis", "script", "--run-timeout", "1ms"];
    let output = drill(folder.path(), &run);
    ends_with(&output, 3);
    assert!(stdout(&output).contains("killed"), "{}", stdout(&output));
    Ok(())
}

fn git_completes_a_short_hash() -> Result<(), Failed> {
    let folder = folder();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
        let git = Command::new("git")
            .args(identity)
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("git is there");
        assert!(git.status.success(), "{}", stderr(&git));
        stdout(&git).trim().to_owned()
    };
    git(&["init", "--quiet"]);
    git(&["commit", "--quiet", "--allow-empty", "--message", "first"]);
    let whole = git(&["rev-parse", "HEAD"]);
    let seeds = |base: &str| {
        let out = folder.path().join(base);
        let folder_of = out.display().to_string();
        let run = ["run", "lab/visits", "--seeds", "1", "--base", base, "--out", &folder_of];
        ends_with(&drill(folder.path(), &run), 0);
        let text = fs::read_to_string(out.join("campaign.jsonl")).expect("a campaign");
        let header: Value =
            serde_json::from_str(text.lines().next().unwrap_or_default()).expect("a header");
        header.to_string()
    };
    assert_eq!(seeds(&whole[..8]), seeds(&whole));
    Ok(())
}

fn a_torn_campaign_is_reported() -> Result<(), Failed> {
    let folder = folder();
    drill(folder.path(), &["run", "lab/fragile", "--seeds", "4"]);
    let path = folder.path().join("target/drill/campaign.jsonl");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, &text[..text.len() / 2])?;
    let output = drill(folder.path(), &["report"]);
    ends_with(&output, 0);
    assert!(stderr(&output).contains("was skipped"), "{}", stderr(&output));
    let said = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.starts_with("incomplete: "), "{said}");
    assert!(said.contains("did not end"), "{said}");
    fs::write(&path, "no campaign")?;
    ends_with(&drill(folder.path(), &["report"]), 2);
    Ok(())
}

fn limits_of_a_campaign() -> Result<(), Failed> {
    let folder = folder();
    let output = drill(
        folder.path(),
        &[
            "run",
            "lab/fragile",
            "--seeds",
            "100",
            "-j",
            "1",
            "--max-fail",
            "2",
            "--message-format",
            "json",
        ],
    );
    ends_with(&output, 1);
    let said = stdout(&output);
    let summary: Value = serde_json::from_str(said.lines().last().unwrap_or_default())?;
    let invalid = summary["tally"]["invalid"].as_u64().unwrap_or_default();
    assert!((2..=3).contains(&invalid), "{invalid} violations");
    Ok(())
}

/// Folders in the place of the reports make them unwritable. The verdict does not change, but a campaign without its
/// reports does not end with 0.
fn a_failed_report_changes_no_verdict() -> Result<(), Failed> {
    for (scenario, code, verdict) in
        [("lab/vandal-unseen", 3, "valid"), ("lab/vandal-caught", 1, "invalid")]
    {
        let folder = folder();
        let scripts = ["run", scenario, "--seeds", "2", "--nemesis", "script"];
        let json = ["--message-format", "json"];
        let output = drill(folder.path(), &[&scripts[..], &json].concat());
        ends_with(&output, code);
        let said = stdout(&output);
        let summary: Value = serde_json::from_str(said.lines().last().unwrap_or_default())?;
        assert_eq!(summary["tally"]["runs"], 2, "{said}");
        assert_eq!(summary["verdict"], verdict, "{said}");
        assert!(stderr(&output).contains("failed to write the reports"), "{}", stderr(&output));
        if code == 1 {
            let bundle = "failed to write target/drill/lab.vandal-caught";
            assert!(stderr(&output).contains(bundle), "{}", stderr(&output));
        }
    }
    Ok(())
}
