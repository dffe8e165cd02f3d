//! The pages of a campaign, and reports of incomplete folders.

use std::{fs, path::Path};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::{drill, ends_with, folder, stderr, stdout};

type Test = fn() -> Result<(), Failed>;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 6] = [
        ("a_campaign_and_its_findings_have_pages", a_campaign_and_its_findings_have_pages),
        ("equal_input_gives_equal_pages", equal_input_gives_equal_pages),
        ("what_is_damaged_is_said", what_is_damaged_is_said),
        ("findings_are_set_against_earlier_ones", findings_are_set_against_earlier_ones),
        ("a_search_for_planted_bugs_has_a_page", a_search_for_planted_bugs_has_a_page),
        ("a_run_is_exported_and_written_up", a_run_is_exported_and_written_up),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(format!("reports/{name}"), test)).collect()
}

const BUNDLE: &str = "target/drill/lab.visits/0x0";

fn violated(folder: &Path) {
    ends_with(&drill(folder, &["run", "lab/visits", "--seeds", "2", "--defect", "L1"]), 1);
}

fn page(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).expect("the page is there")
}

fn a_campaign_and_its_findings_have_pages() -> Result<(), Failed> {
    let folder = folder();
    violated(folder.path());
    let campaign = page(folder.path(), "target/drill/report.html");
    let run = page(folder.path(), &format!("{BUNDLE}/report.html"));
    for page in [&campaign, &run] {
        assert!(page.contains("every_visit_is_counted") && page.contains("<svg"), "{page}");
    }
    assert!(campaign.contains("cargo drill replay") || campaign.contains(" replay lab/visits"));
    Ok(())
}

fn equal_input_gives_equal_pages() -> Result<(), Failed> {
    let unmeasured = |folder: &Path, file: &str| {
        let text = page(folder, file);
        let (before, rest) = text.split_once("<!-- measured -->").expect("a marked block");
        let (_, after) = rest.split_once("<!-- /measured -->").expect("it ends");
        format!("{before}{after}")
    };
    let (one, other) = (folder(), folder());
    for (folder, jobs) in [(&one, "1"), (&other, "4")] {
        let args = ["run", "lab/fragile", "--seeds", "12", "-j", jobs, "--out"];
        drill(folder.path(), &[args.as_slice(), &["campaign"]].concat());
    }
    let file = "campaign/report.html";
    assert_eq!(unmeasured(one.path(), file), unmeasured(other.path(), file));
    Ok(())
}

/// Traces and plans that are torn, of another version or gone: the page has what is left, and says so. An event of a
/// newer kind is no damage.
fn what_is_damaged_is_said() -> Result<(), Failed> {
    let folder = folder();
    violated(folder.path());
    let bundle = folder.path().join(BUNDLE);
    let trace = fs::read_to_string(bundle.join("trace.jsonl"))?;
    let torn = &trace[..trace.len() - 10];
    let newer = r#"{"seq":999999,"at_ns":1,"kind":"telepathy","name":"x"}"#;
    fs::write(bundle.join("trace.jsonl"), format!("{newer}\n\u{0}\u{1b}[2J\n{torn}"))?;
    fs::write(bundle.join("plan.toml"), "version = 99\n")?;
    fs::write(bundle.join("plan.min.toml"), [0xff, 0xfe])?;
    fs::write(folder.path().join("target/drill/prove.json"), "{\"no\": \"proofs\"}")?;
    ends_with(&drill(folder.path(), &["report"]), 0);
    let run = page(folder.path(), &format!("{BUNDLE}/report.html"));
    for said in [
        "line 2 of trace.jsonl was skipped",
        "the plan has version 99",
        "failed to read plan.min.toml",
    ] {
        assert!(run.contains(said), "{said}: {run}");
    }
    assert!(!run.contains("line 1 of trace.jsonl"), "an event of a newer kind is kept");
    assert!(run.contains("<svg"), "what is left of the trace is still shown");
    let campaign = page(folder.path(), "target/drill/report.html");
    assert!(campaign.contains("failed to read prove.json"), "{campaign}");

    fs::remove_dir_all(&bundle)?;
    let path = folder.path().join("target/drill/campaign.jsonl");
    let text = fs::read_to_string(&path)?.replacen("\"version\":2", "\"version\":3,\"new\":[]", 1);
    fs::write(&path, text)?;
    ends_with(&drill(folder.path(), &["report"]), 0);
    let campaign = page(folder.path(), "target/drill/report.html");
    assert!(campaign.contains("written in version 3 of the format"), "{campaign}");
    assert!(campaign.contains("No timeline"), "{campaign}");
    Ok(())
}

fn findings_are_set_against_earlier_ones() -> Result<(), Failed> {
    let folder = folder();
    violated(folder.path());
    drill(folder.path(), &["run", "lab/visits", "--seeds", "2", "--out", "sound"]);
    let against = |dir: &str, earlier: &str| {
        let output = drill(folder.path(), &["report", dir, "--against", earlier]);
        ends_with(&output, 0);
        let sentence = "ompared with the earlier campaign: ";
        let file = |name: &str| page(folder.path(), &format!("{dir}/{name}"));
        let formats = [stdout(&output), file("summary.md"), file("report.html")];
        let after = formats.each_ref().map(|text| text.split_once(sentence).map(|(_, it)| it));
        let counts = after.map(|it| it.map(|it| it.split(['.', '\n']).next().unwrap_or_default()));
        assert!(counts[0].is_some() && counts.iter().all(|it| *it == counts[0]), "{counts:?}");
        formats.into_iter().next_back().unwrap_or_default()
    };
    assert!(against("target/drill", "sound").contains("fresh\">new<"));
    assert!(against("target/drill", "target/drill").contains(">ongoing<"));
    let (fixed, unsaid) = ("Fixed since the earlier campaign", "and not run again");
    let sound = against("sound", "target/drill");
    assert!(sound.contains(unsaid) && !sound.contains(fixed), "it ran without the planted bug");
    // As if the bug were not planted, but part of the code.
    let path = folder.path().join("target/drill/campaign.jsonl");
    fs::write(&path, fs::read_to_string(&path)?.replace("\"defect\":\"L1\"", "\"defect\":null"))?;
    let sound = against("sound", "target/drill");
    assert!(sound.contains(fixed) && !sound.contains(unsaid));
    let whole = fs::read_to_string(&path)?;
    fs::write(&path, whole.replacen("{\"record\"", "{\"recrd\"", 1))?;
    let output = drill(folder.path(), &["report", "sound", "--against", "target/drill"]);
    assert!(stderr(&output).contains("in the earlier campaign"), "{}", stderr(&output));
    assert!(page(folder.path(), "sound/report.html").contains("in the earlier campaign"));
    ends_with(&drill(folder.path(), &["report", "sound", "--against", "nowhere"]), 2);
    Ok(())
}

fn a_search_for_planted_bugs_has_a_page() -> Result<(), Failed> {
    let folder = folder();
    ends_with(&drill(folder.path(), &["prove", "L1", "--out", "proofs"]), 0);
    let files = ["report.html", "summary.md"];
    let first = files.map(|file| page(folder.path(), &format!("proofs/{file}")));
    for text in &first {
        assert!(text.contains("1 of 1 planted bug") && text.contains("L1"), "{text}");
    }
    files.iter().try_for_each(|file| fs::remove_file(folder.path().join("proofs").join(file)))?;
    let output = drill(folder.path(), &["report", "proofs"]);
    ends_with(&output, 0);
    assert!(stdout(&output).contains("1 of 1 planted bugs found"), "{}", stdout(&output));
    assert_eq!(first, files.map(|file| page(folder.path(), &format!("proofs/{file}"))));
    let json = drill(folder.path(), &["report", "proofs", "--message-format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&stdout(&json))?["defect"], "L1");
    ends_with(&drill(folder.path(), &["report", "proofs", "--against", "proofs"]), 2);
    Ok(())
}

fn a_run_is_exported_and_written_up() -> Result<(), Failed> {
    let folder = folder();
    violated(folder.path());
    let args = ["replay", "lab/visits", "--seed", "0", "--defect", "L1", "--trace", "off"];
    let export = ["--trace-export", "run.json"];
    ends_with(&drill(folder.path(), &[args.as_slice(), &export].concat()), 1);
    let trace: Value = serde_json::from_str(&page(folder.path(), "run.json"))?;
    assert!(trace["traceEvents"].as_array().is_some_and(|events| events.len() > 10), "{trace}");
    ends_with(&drill(folder.path(), &["report", "--write-up", "drill.md"]), 0);
    let written = page(folder.path(), "drill.md");
    for part in
        ["# Drill: `lab`", "| Symptom |", "| Sites touched |", "| Live verified |", "To be written"]
    {
        assert!(written.contains(part), "{part}: {written}");
    }
    Ok(())
}
