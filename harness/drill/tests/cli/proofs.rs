//! Planted bugs: several at once, and the search for each of them.

use std::fs;

use libtest_mimic::{Failed, Trial};

use crate::lab::{drill, ends_with, folder, program, stderr, stdout};

type Test = fn() -> Result<(), Failed>;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 6] = [
        ("a_defect_is_proved", a_defect_is_proved),
        ("any_check_may_find_a_defect", any_check_may_find_a_defect),
        ("a_search_goes_on_with_what_is_open", a_search_goes_on_with_what_is_open),
        ("scripts_find_what_they_must", scripts_find_what_they_must),
        ("promises_are_listed", promises_are_listed),
        ("several_defects_are_enabled_at_once", several_defects_are_enabled_at_once),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(format!("proofs/{name}"), test)).collect()
}

fn a_defect_is_proved() -> Result<(), Failed> {
    let folder = folder();
    let output = drill(folder.path(), &["prove", "L1", "--run-timeout", "5s"]);
    ends_with(&output, 0);
    let said = stdout(&output);
    assert!(said.contains("every_visit_is_counted  lab/"), "{said}");
    assert!(said.contains("1 of 1 planted bugs found"), "{said}");
    // The result is reported as soon as it is settled, and again in the matrix.
    let told = stderr(&output);
    assert!(told.lines().any(|line| line.starts_with("L1 ") && line.contains(" found ")), "{told}");
    let hurried = drill(folder.path(), &["prove", "L1", "--runs", "1", "--nemesis", "sweep"]);
    ends_with(&hurried, 1);
    assert!(stdout(&hurried).contains("MISSED"), "{}", stdout(&hurried));
    let late = drill(folder.path(), &["prove", "L1", "--time-budget", "0s"]);
    let (code, said) = (late.status.code(), stdout(&late));
    assert!(said.contains("L1 ") && said.contains("planted bugs found"), "{code:?}\n{said}");
    Ok(())
}

fn any_check_may_find_a_defect() -> Result<(), Failed> {
    let folder = folder();
    let prove = ["prove", "Q3", "--runs", "30", "--run-timeout", "2s"];
    let output = drill(folder.path(), &prove);
    ends_with(&output, 1);
    assert!(stdout(&output).contains("only other checks were violated: every_visit_is_counted"));
    let output = drill(folder.path(), &[&prove[..], &["--any-check"]].concat());
    ends_with(&output, 0);
    assert!(stdout(&output).contains("every_visit_is_counted  lab/"), "{}", stdout(&output));
    Ok(())
}

fn a_search_goes_on_with_what_is_open() -> Result<(), Failed> {
    let folder = folder();
    let prove = ["prove", "lab", "--any-check", "--out", "out", "--run-timeout", "5s"];
    let resume = [&prove[..], &["--resume"]].concat();
    let output = drill(folder.path(), &resume);
    ends_with(&output, 2);
    assert!(
        stderr(&output).contains("nothing to resume: out has no prove.json"),
        "{}",
        stderr(&output)
    );
    ends_with(&drill(folder.path(), &prove), 0);
    let path = folder.path().join("out/prove.json");
    // One defect is open again, and another has a number that no search gives it.
    let edit = |proof: &str| match proof {
        _ if proof.contains("\"defect\": \"L1\"") => proof.replace("\"runs\": ", "\"runs\": 9999"),
        _ if proof.contains("\"defect\": \"P7\"") => {
            proof.replace("\"found\": true", "\"found\": false, \"open\": true")
        }
        _ => proof.to_owned(),
    };
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text.split_inclusive("\n  },").map(edit).collect::<String>())?;
    let other = drill(folder.path(), &["prove", "P7", "--out", "out", "--resume"]);
    ends_with(&other, 2);
    assert!(stderr(&other).contains("give the same filter"), "{}", stderr(&other));
    let output = drill(folder.path(), &resume);
    ends_with(&output, 0);
    let said = stdout(&output);
    assert!(said.contains(" 9999") && said.contains("3 of 3 planted bugs found"), "{said}");
    let told: Vec<String> =
        stderr(&output).lines().filter_map(|line| line.get(..3)).map(str::to_owned).collect();
    assert!(told.contains(&"P7 ".to_owned()) && !told.contains(&"L1 ".to_owned()), "{told:?}");
    for plan in ["L1", "P7", "Q3"] {
        assert!(folder.path().join(format!("out/plans/{plan}.toml")).is_file(), "{plan}");
    }
    // Q3 was found by a check that does not count any more, and a miss of few runs is no result.
    let stricter =
        ["prove", "lab", "--out", "out", "--resume", "--runs", "2", "--nemesis", "script"];
    ends_with(&drill(folder.path(), &stricter), 1);
    let again = [&prove[..], &["--resume"]].concat();
    ends_with(&drill(folder.path(), &again), 0);
    Ok(())
}

fn several_defects_are_enabled_at_once() -> Result<(), Failed> {
    let folder = folder();
    let cases: [(&str, &[&str], &str); 2] = [
        ("lab/visits", &["--defect", "P7,L1"], "every_visit_is_counted"),
        ("lab/posted", &["--defect", "P7", "--defect", "L1"], "nothing_is_posted_twice"),
    ];
    for (scenario, defects, check) in cases {
        let run = [&["run", scenario, "--seeds", "1"], defects].concat();
        let output = drill(folder.path(), &run);
        ends_with(&output, 1);
        let said = stdout(&output);
        assert!(said.contains("   defect L1,P7\n") && said.contains(check), "{said}");
        let replay = said.lines().find_map(|line| line.strip_prefix("  replay   cargo drill "));
        let replay: Vec<&str> = replay.expect("a command").split(' ').collect();
        ends_with(&drill(folder.path(), &replay), 1);
        let plan = format!("target/drill/{}/0x0/plan.toml", scenario.replace('/', "."));
        let from_plan = drill(folder.path(), &["replay", "--plan", &plan, "--trace", "off"]);
        ends_with(&from_plan, 1);
        assert!(stdout(&from_plan).contains("defect L1,P7"), "{}", stdout(&from_plan));
    }
    let wrong = drill(folder.path(), &["run", "--defect", "L1,L2"]);
    ends_with(&wrong, 2);
    assert!(stderr(&wrong).contains("`L2`; did you mean L1?"), "{}", stderr(&wrong));
    Ok(())
}

fn scripts_find_what_they_must() -> Result<(), Failed> {
    let folder = folder();
    let by_script = |rest: &[&str]| {
        let arguments = [&["prove", "--by-script"], rest].concat();
        program(folder.path(), "drill", &arguments, &[])
    };
    let output = by_script(&[]);
    ends_with(&output, 1);
    let said = stdout(&output);
    for line in [
        "L1      found   20 of 20 seeds  lab/visits\n",
        "Q3      RARE     0 of 20 seeds  lab/alike-delays\n",
        "prove: 2 of 3 planted bugs found by the script that must find them\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    for (filter, lines) in [("L1", 2), ("lab/visits", 1)] {
        let output = by_script(&[filter]);
        ends_with(&output, 0);
        assert_eq!(stdout(&output).matches(" seeds  ").count(), lines, "{}", stdout(&output));
    }
    let output = by_script(&["lab/visits", "--message-format", "json"]);
    ends_with(&output, 0);
    let said: serde_json::Value = serde_json::from_str(&stdout(&output))?;
    let expected = serde_json::json!({
        "scenario": "lab/visits", "defect": "L1", "result": "found", "found": 20, "runs": 20,
    });
    assert_eq!(said, expected);
    let output = by_script(&["lab/visit"]);
    ends_with(&output, 4);
    assert!(stderr(&output).contains("did you mean lab/visits"), "{}", stderr(&output));
    let output = by_script(&["--time-budget", "0s"]);
    ends_with(&output, 3);
    assert!(stdout(&output).contains("open"), "{}", stdout(&output));
    Ok(())
}

fn promises_are_listed() -> Result<(), Failed> {
    let folder = folder();
    let output = drill(folder.path(), &["list", "promises", "--page"]);
    ends_with(&output, 0);
    let page = stdout(&output);
    for part in [
        "Drills show 1 of 3 promises as they are, and 1 with a part",
        "1 promises are not shown at all",
        "| 2 | nothing is posted twice | `lab/posted`: nothing_is_posted_twice; waits for a second poster |",
        "| `lab/alike-delays` | L1, Q3 |",
    ] {
        assert!(page.contains(part), "{page}");
    }
    let output = drill(folder.path(), &["list", "promises", "--message-format", "json"]);
    let first = stdout(&output).lines().next().map(serde_json::from_str::<serde_json::Value>);
    let expected = serde_json::json!({
        "target": "lab", "number": "1", "says": "every visit is counted", "is_shown": true,
        "stands": [{ "shown": { "scenario": "lab/visits", "by": "every_visit_is_counted" } }],
    });
    assert_eq!(first.transpose()?, Some(expected));
    Ok(())
}
