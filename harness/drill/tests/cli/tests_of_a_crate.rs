//! The scenarios of a crate as tests.

use libtest_mimic::{Failed, Trial};

use crate::lab::{ends_with, folder, program, stderr, stdout};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("tests/each_scenario_is_a_test", each_scenario_is_a_test),
        Trial::test("tests/kept_plans_run_first", kept_plans_run_first),
        Trial::test("tests/the_environment_steers", the_environment_steers),
    ]
}

fn each_scenario_is_a_test() -> Result<(), Failed> {
    let folder = folder();
    let list = program(folder.path(), "tests", &["--list", "--format", "terse"], &[]);
    ends_with(&list, 0);
    assert!(stdout(&list).lines().any(|line| line == "lab/visits: test"), "{}", stdout(&list));
    let valid = program(folder.path(), "tests", &["--exact", "lab/visits"], &[]);
    ends_with(&valid, 0);
    let environment = [("DRILL_OUT", "found")];
    let broken = program(folder.path(), "tests", &["--exact", "lab/fragile"], &environment);
    ends_with(&broken, 101);
    let said = stdout(&broken) + &stderr(&broken);
    assert!(said.contains("FAIL  lab/fragile"), "{said}");
    assert!(said.contains("cargo drill replay lab/fragile --seed 0x"), "{said}");
    let mut bundles = std::fs::read_dir(folder.path().join("found/lab.fragile"))?;
    let bundle = bundles.next().expect("a bundle")?.path();
    let page = std::fs::read_to_string(bundle.join("report.html"))?;
    assert!(page.contains("One run of <code>lab/fragile</code>"), "{page}");
    Ok(())
}

fn kept_plans_run_first() -> Result<(), Failed> {
    let folder = folder();
    let regressions = folder.path().join("regressions");
    std::fs::create_dir(&regressions)?;
    let plan = "version = 1\nscenario = \"lab/visits\"\nseed = \"7\"\n\n[[fault]]\nat = { site = \"sql:visit.commit\" }\ndo = { delay = \"1s\" }\n";
    std::fs::write(regressions.join("slow-commit.toml"), plan)?;
    let manifest = folder.path().to_string_lossy().into_owned();
    let environment = [("LAB_MANIFEST", manifest.as_str())];
    let list = program(folder.path(), "tests", &["--list", "--format", "terse"], &environment);
    assert_eq!(stdout(&list).lines().next(), Some("kept/slow-commit: test"));
    let run = program(
        folder.path(),
        "drill",
        &["run", "lab/visits", "--seeds", "1", "--message-format", "json"],
        &environment,
    );
    ends_with(&run, 0);
    assert!(stdout(&run).contains("\"origin\":\"kept-slow-commit\""), "{}", stdout(&run));
    // A plan whose site is gone is reported, and never passes.
    std::fs::write(
        regressions.join("slow-commit.toml"),
        plan.replace("visit.commit", "visit.gone"),
    )?;
    let gone = program(folder.path(), "tests", &["kept/"], &environment);
    ends_with(&gone, 101);
    let said = stdout(&gone) + &stderr(&gone);
    assert!(said.contains("no host ever passed sql:visit.gone"), "{said}");
    Ok(())
}

fn the_environment_steers() -> Result<(), Failed> {
    let folder = folder();
    let found = program(
        folder.path(),
        "tests",
        &["--exact", "lab/visits"],
        &[("DRILL_DEFECT", "L1"), ("DRILL_SEEDS", "1")],
    );
    ends_with(&found, 101);
    let wrong =
        program(folder.path(), "tests", &["--exact", "lab/visits"], &[("DRILL_SEEDS", "many")]);
    ends_with(&wrong, 2);
    assert!(stderr(&wrong).contains("DRILL_SEEDS has an invalid value"), "{}", stderr(&wrong));
    Ok(())
}
