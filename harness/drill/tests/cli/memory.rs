//! The memory of a campaign does not grow with its records.

use std::{
    fs,
    io::{BufWriter, Write},
    path::Path,
    process::Stdio,
};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::lab::{self, drill, folder};

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("memory/does_not_grow_with_the_records", does_not_grow_with_the_records)]
}

/// Runs of the small and of the large campaign.
const RUNS: [u64; 2] = [50, 3_050];

/// Bytes of each record.
const RECORD_BYTES: usize = 8 << 10;

/// What the large campaign may take more than the small one, in kilobytes: a quarter of its records.
const GROWTH_KB_MAX: u64 = 6 << 10;

/// A command, and how its folders are made.
struct Case {
    arguments: &'static [&'static str],
    parts: usize,
    /// Runs that are left.
    left: u64,
}

const CASES: [Case; 4] = [
    Case { arguments: &["report", "all"], parts: 1, left: 0 },
    Case { arguments: &["report", "all", "--against", "again"], parts: 1, left: 0 },
    Case { arguments: &["merge", "all/1", "all/2", "--out", "merged"], parts: 2, left: 0 },
    Case { arguments: &["run", "lab/visits", "--out", "all", "--resume"], parts: 1, left: 3 },
];

fn does_not_grow_with_the_records() -> Result<(), Failed> {
    for case in &CASES {
        let [small, large] = RUNS.map(|runs| peak_kb(case, runs));
        let (small, large) = (small?, large?);
        let said = format!("{:?}: {small} kB, then {large} kB", case.arguments);
        assert!(small > 0, "the memory of the process was not seen: {said}");
        assert!(large < small + GROWTH_KB_MAX, "{said}");
    }
    Ok(())
}

/// The peak of the memory of a command over a campaign with so many runs.
fn peak_kb(case: &Case, runs: u64) -> Result<u64, Failed> {
    let folder = folder();
    let dir = folder.path();
    drill(dir, &["run", "lab/visits", "--seeds", "0..1", "--out", "one"]);
    let one = fs::read_to_string(dir.join("one/campaign.jsonl"))?;
    for name in ["all", "again"] {
        for part in 0..case.parts {
            let part = (case.parts > 1).then_some(part);
            let to = part.map_or(dir.join(name), |part| dir.join(format!("{name}/{}", part + 1)));
            write(&one, &to, case, runs, part.unwrap_or_default())?;
        }
    }
    let seeds = format!("0..{runs}");
    let mut arguments = case.arguments.to_vec();
    if case.left > 0 {
        arguments.extend(["--seeds", &seeds]);
    }
    let mut command = lab::command(dir, "drill", &arguments, &[("DRILL_NEMESIS", "script")]);
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", running.id());
    let mut peak = 0;
    while running.try_wait()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(now.unwrap_or_default());
        std::thread::yield_now();
    }
    let written = if case.parts > 1 { "merged" } else { "all" };
    let summary: Value =
        serde_json::from_slice(&fs::read(dir.join(written).join("summary.json"))?)?;
    assert_eq!(summary["tally"]["runs"], json!(runs), "no run was lost");
    Ok(peak)
}

/// Writes a part of a campaign whose runs are one run with other seeds and a long claim.
fn write(one: &str, to: &Path, case: &Case, runs: u64, part: usize) -> Result<(), Failed> {
    let line = |name: &str| {
        let line = one.lines().find(|line| line.starts_with(&format!("{{\"{name}\":")));
        line.ok_or_else(|| Failed::from(format!("there is no {name}")))
    };
    let mut header = line("campaign")?.replace("0x0..0x1", &format!("0x0..0x{runs:x}"));
    if case.parts > 1 {
        let partition = format!("\"partition\":\"slice:{}/{}\",\"program\"", part + 1, case.parts);
        header = header.replace("\"program\"", &partition);
    }
    let claim = format!("\"claim\":\"{}", "c".repeat(RECORD_BYTES));
    let record = line("record")?.replace("\"claim\":\"", &claim);
    fs::create_dir_all(to)?;
    let mut out = BufWriter::new(fs::File::create(to.join("campaign.jsonl"))?);
    writeln!(out, "{header}\n{{\"extent\":{{\"ordered\":{{}}}}}}")?;
    for seed in (part as u64..runs - case.left).step_by(case.parts) {
        writeln!(out, "{}", record.replace("\"0x0\"", &format!("\"0x{seed:x}\"")))?;
    }
    if case.left == 0 {
        writeln!(out, "{}", line("measured")?)?;
    }
    Ok(out.flush()?)
}
