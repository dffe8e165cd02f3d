//! No command removes, moves or overwrites files that are not ours.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use libtest_mimic::{Failed, Trial};

use crate::lab::{drill, ends_with, folder, program, stderr};

type Test = fn() -> Result<(), Failed>;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 16] = [
        ("a_folder_of_the_users_stays", a_folder_of_the_users_stays),
        ("a_campaign_gives_no_right_to_the_rest", a_campaign_gives_no_right_to_the_rest),
        ("an_old_folder_of_the_users_stays", an_old_folder_of_the_users_stays),
        ("what_a_link_leads_to_stays", what_a_link_leads_to_stays),
        ("what_is_moved_is_said_and_nothing_lies_around", what_is_moved_is_said),
        ("an_empty_folder_is_used", an_empty_folder_is_used),
        ("two_campaigns_do_not_share_a_folder", two_campaigns_do_not_share_a_folder),
        ("merge_does_not_write_to_its_sources", merge_does_not_write_to_its_sources),
        ("merge_takes_no_folder_of_the_users", merge_takes_no_folder_of_the_users),
        ("report_writes_over_no_page_of_the_users", report_writes_over_no_page_of_the_users),
        ("replay_writes_over_nothing", replay_writes_over_nothing),
        ("shrink_writes_over_no_plan_of_the_users", shrink_writes_over_no_plan_of_the_users),
        ("prove_writes_over_nothing", prove_writes_over_nothing),
        ("cross_removes_no_folder_of_the_users", cross_removes_no_folder_of_the_users),
        ("schema_writes_over_nothing", schema_writes_over_nothing),
        ("tests_write_over_nothing", tests_write_over_nothing),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(format!("ours/{name}"), test)).collect()
}

const RUN: [&str; 5] = ["run", "lab/visits", "--seeds", "1", "--out"];

/// Every file below a folder, with its content.
fn all_files(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failed> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(all_files(&path)?);
        } else {
            files.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(files)
}

/// Runs the program, which must refuse with these words and leave every file unchanged.
#[track_caller]
fn refuses(folder: &Path, arguments: &[&str], words: &[&str]) -> Result<(), Failed> {
    let before = all_files(folder)?;
    let output = drill(folder, arguments);
    ends_with(&output, 2);
    for word in words {
        assert!(stderr(&output).contains(word), "`{word}` is missing from:\n{}", stderr(&output));
    }
    let after = all_files(folder)?;
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert!(before == after, "a file was changed");
    Ok(())
}

fn write(folder: &Path, file: &str, text: &str) -> Result<(), Failed> {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().ok_or("a path with a folder")?)?;
    Ok(fs::write(path, text)?)
}

fn entries(folder: &Path) -> Result<Vec<String>, Failed> {
    let mut names: Vec<String> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, std::io::Error>>()?;
    names.sort();
    Ok(names)
}

fn a_folder_of_the_users_stays() -> Result<(), Failed> {
    let folder = folder();
    write(folder.path(), "thesis/chapter.tex", "years of work")?;
    write(folder.path(), "thesis/report.html", "<html>mine</html>")?;
    let run = [&RUN[..], &["thesis"]].concat();
    refuses(
        folder.path(),
        &run,
        &["thesis contains chapter.tex", "choose another folder with --out"],
    )?;
    write(folder.path(), "file", "mine")?;
    refuses(folder.path(), &[&RUN[..], &["file"]].concat(), &["file is not a folder"])
}

fn a_campaign_gives_no_right_to_the_rest() -> Result<(), Failed> {
    let folder = folder();
    let run = [&RUN[..], &["out", "--defect", "L1"]].concat();
    ends_with(&drill(folder.path(), &run), 1);
    for theirs in ["out/notes.txt", "out/lab.visits/notes.txt", "out/lab.visits/0x0/notes.txt"] {
        write(folder.path(), theirs, "mine")?;
        let name = theirs.strip_prefix("out/").unwrap_or(theirs);
        refuses(folder.path(), &run, &[&format!("out contains {name}")])?;
        fs::remove_file(folder.path().join(theirs))?;
    }
    // The name is ours, but the content is not.
    write(folder.path(), "out/report.html", "<html>mine</html>")?;
    refuses(folder.path(), &run, &["out contains report.html"])
}

fn an_old_folder_of_the_users_stays() -> Result<(), Failed> {
    let folder = folder();
    let run = [&RUN[..], &["out"]].concat();
    ends_with(&drill(folder.path(), &run), 0);
    write(folder.path(), "out.old/photos/cat.png", "meow")?;
    refuses(folder.path(), &run, &["out.old contains photos"])
}

fn what_a_link_leads_to_stays() -> Result<(), Failed> {
    let folder = folder();
    write(folder.path(), "elsewhere/letter", "mine")?;
    symlink(folder.path().join("elsewhere"), folder.path().join("out"))?;
    refuses(folder.path(), &[&RUN[..], &["out"]].concat(), &["out is not a folder"])
}

fn what_is_moved_is_said() -> Result<(), Failed> {
    let folder = folder();
    let run = [&RUN[..], &["out"]].concat();
    let first = drill(folder.path(), &run);
    ends_with(&first, 0);
    assert!(!stderr(&first).contains("moved"), "{}", stderr(&first));
    for _ in 0..2 {
        let again = drill(folder.path(), &run);
        ends_with(&again, 0);
        let told = stderr(&again);
        let lines: Vec<&str> = told.lines().filter(|line| line.contains("moved")).collect();
        assert_eq!(lines, ["note: moved the previous contents of out to out.old"], "{told}");
    }
    assert_eq!(entries(folder.path())?, ["out", "out.old"]);
    Ok(())
}

fn an_empty_folder_is_used() -> Result<(), Failed> {
    let folder = folder();
    fs::create_dir(folder.path().join("out"))?;
    ends_with(&drill(folder.path(), &[&RUN[..], &["out"]].concat()), 0);
    assert_eq!(entries(folder.path())?, ["out"]);
    Ok(())
}

fn two_campaigns_do_not_share_a_folder() -> Result<(), Failed> {
    let folder = folder();
    let long = ["run", "lab/visits", "--seeds", "100000", "--nemesis", "script", "--out", "out"];
    let mut first = crate::lab::command(folder.path(), "drill", &long, &[])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()?;
    let lines = folder.path().join("out/campaign.jsonl");
    while fs::read_to_string(&lines).map_or(0, |text| text.lines().count()) < 4 {
        std::thread::yield_now();
    }
    let second = drill(folder.path(), &[&RUN[..], &["out"]].concat());
    first.kill()?;
    first.wait()?;
    ends_with(&second, 2);
    assert!(stderr(&second).contains("another campaign is writing to out"), "{}", stderr(&second));
    // The lock ends with its process.
    ends_with(&drill(folder.path(), &[&RUN[..], &["out"]].concat()), 0);
    Ok(())
}

fn merge_does_not_write_to_its_sources() -> Result<(), Failed> {
    let folder = folder();
    for part in ["1", "2"] {
        let slice = format!("slice:{part}/2");
        let run = [&RUN[..], &[part, "--partition", &slice]].concat();
        ends_with(&drill(folder.path(), &run), 0);
    }
    for out in ["1", "./2", "1/all", "../NAME/1"] {
        let name = folder.path().file_name().unwrap_or_default().to_string_lossy();
        let out = out.replace("NAME", &name);
        refuses(
            folder.path(),
            &["merge", "1", "2", "--out", &out],
            &["is one of the folders to merge"],
        )?;
    }
    fs::rename(folder.path().join("1"), folder.path().join("all.old"))?;
    refuses(
        folder.path(),
        &["merge", "all.old", "2", "--out", "all"],
        &["is one of the folders to merge"],
    )
}

fn merge_takes_no_folder_of_the_users() -> Result<(), Failed> {
    let folder = folder();
    ends_with(&drill(folder.path(), &[&RUN[..], &["whole"]].concat()), 0);
    write(folder.path(), "mine/letter", "mine")?;
    refuses(folder.path(), &["merge", "whole", "--out", "mine"], &["mine contains letter"])
}

fn report_writes_over_no_page_of_the_users() -> Result<(), Failed> {
    let folder = folder();
    ends_with(&drill(folder.path(), &[&RUN[..], &["out", "--defect", "L1"]].concat()), 1);
    for file in ["report.html", "summary.md", "summary.json", "junit.xml"] {
        let path = folder.path().join("out").join(file);
        let ours = fs::read(&path)?;
        fs::write(&path, "mine")?;
        refuses(folder.path(), &["report", "out"], &[&format!("out/{file}"), "did not write it"])?;
        fs::write(&path, ours)?;
    }
    ends_with(&drill(folder.path(), &["report", "out"]), 0);
    Ok(())
}

fn replay_writes_over_nothing() -> Result<(), Failed> {
    let folder = folder();
    let replay = ["replay", "lab/visits", "--seed", "0", "--trace", "off"];
    write(folder.path(), "mine/plan.toml", "to do")?;
    refuses(
        folder.path(),
        &[&replay[..], &["--out", "mine"]].concat(),
        &["mine contains plan.toml"],
    )?;
    write(folder.path(), "todo.json", "[]")?;
    let export = [&replay[..], &["--trace-export", "todo.json"]].concat();
    refuses(folder.path(), &export, &["todo.json already exists"])?;
    // Our own files are rewritten, and no earlier content stays.
    let again = [&replay[..], &["--out", "out", "--trace-export", "trace.json"]].concat();
    ends_with(&drill(folder.path(), &again), 0);
    write(folder.path(), "out/plan.min.toml", "# violates nothing\n")?;
    ends_with(&drill(folder.path(), &again), 0);
    assert!(!folder.path().join("out/plan.min.toml").exists());
    Ok(())
}

const PLAN: &str = r#"version = 1
scenario = "lab/fragile"
seed = "0x1"

[[fault]]
at = { host = "client", site = "sql:visit.commit", hit = 3 }
do = { lost_ack = "reset" }
"#;

fn shrink_writes_over_no_plan_of_the_users() -> Result<(), Failed> {
    let folder = folder();
    write(folder.path(), "plan.toml", PLAN)?;
    let itself = ["shrink", "plan.toml", "--to", "plan.toml"];
    refuses(folder.path(), &itself, &["plan.toml already exists"])?;
    write(folder.path(), "plan.min.toml", PLAN)?;
    refuses(folder.path(), &["shrink", "plan.toml"], &["plan.min.toml already exists"])?;
    for _ in 0..2 {
        ends_with(&drill(folder.path(), &["shrink", "plan.toml", "--to", "small.toml"]), 0);
    }
    Ok(())
}

fn prove_writes_over_nothing() -> Result<(), Failed> {
    for (file, said) in [
        ("out/plans/own.toml", "out/plans contains own.toml"),
        ("out/prove.json", "out/prove.json already exists"),
        ("out/report.html", "out/report.html already exists"),
    ] {
        let folder = folder();
        write(folder.path(), file, "version = 1\n")?;
        refuses(folder.path(), &["prove", "L1", "--out", "out"], &[said])?;
    }
    // A plan of an earlier search is removed.
    let folder = folder();
    write(folder.path(), "out/plans/L0.toml", "# violates a_check\n")?;
    ends_with(&drill(folder.path(), &["prove", "L1", "--out", "out"]), 0);
    assert_eq!(entries(&folder.path().join("out/plans"))?, ["L1.toml"]);
    Ok(())
}

fn cross_removes_no_folder_of_the_users() -> Result<(), Failed> {
    let folder = folder();
    write(folder.path(), "mine/letter", "mine")?;
    let this = std::env::current_exe()?;
    let this = this.to_str().ok_or("a path in UTF-8")?;
    let cross = ["cross", "lab/visits", "--seeds", "1", "--other", this, "--out", "mine"];
    refuses(folder.path(), &cross, &["mine contains letter"])
}

fn schema_writes_over_nothing() -> Result<(), Failed> {
    let folder = folder();
    write(folder.path(), "schemas/plan.schema.json", "{\n  \"$defs\": {}\n}\n")?;
    let output = drill(folder.path(), &["schema", "--out", "schemas"]);
    ends_with(&output, 2);
    let theirs = fs::read_to_string(folder.path().join("schemas/plan.schema.json"))?;
    assert!(theirs.starts_with("{\n  \"$defs\": {}"), "{theirs}");
    for _ in 0..2 {
        ends_with(&drill(folder.path(), &["schema", "--out", "other"]), 0);
    }
    Ok(())
}

fn tests_write_over_nothing() -> Result<(), Failed> {
    let folder = folder();
    let out = folder.path().join("out");
    write(folder.path(), "out/lab.visits/0x0/letter", "mine")?;
    write(folder.path(), "out/lab.visits/0x0/plan.toml", "mine")?;
    let out = out.to_str().ok_or("a path in UTF-8")?;
    let environment = [("DRILL_OUT", out), ("DRILL_DEFECT", "L1"), ("DRILL_SEEDS", "1")];
    let before = all_files(folder.path())?;
    let arguments = ["lab/visits", "--exact"];
    ends_with(&program(folder.path(), "tests", &arguments, &environment), 101);
    assert!(before == all_files(folder.path())?, "a file was changed");
    Ok(())
}
