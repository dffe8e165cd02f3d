//! Worker processes: a campaign on four against the same on one.

use std::{path::Path, process::Command};

use criterion::{Criterion, Throughput};
use serde_json::Value;

/// Runs of one campaign; enough that starting the workers does not count.
const SEEDS: u64 = 120;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("campaign");
    group.throughput(Throughput::Elements(SEEDS));
    for jobs in ["1", "4"] {
        let name = format!("{jobs} workers");
        group.bench_function(&name, |bencher| bencher.iter(|| campaign(jobs)));
    }
    group.finish();
}

fn campaign(jobs: &str) {
    let out = std::env::temp_dir().join(format!("chaosdrill-bench-{}", std::process::id()));
    let status = Command::new(Path::new(env!("CARGO_BIN_EXE_drill")))
        .args(["run", "outbox/standard", "--seeds", &SEEDS.to_string(), "--jobs", jobs, "--out"])
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success(), "the campaign is valid");
    let _ = std::fs::remove_dir_all(out);
}

/// Says how much of their time the workers of a campaign spend in runs; the rest is the parent's overhead, their start
/// and their end.
pub(crate) fn print_overhead() {
    const JOBS: u64 = 2;
    let out = tempfile::tempdir().expect("a folder");
    let status = Command::new(Path::new(env!("CARGO_BIN_EXE_drill")))
        .args(["run", "outbox/standard", "--nemesis", "script", "--seeds", "1000", "--out"])
        .arg(out.path().join("campaign"))
        .args(["--jobs", &JOBS.to_string()])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success(), "the campaign is valid");
    let read = |name: &str| {
        std::fs::read_to_string(out.path().join("campaign").join(name)).expect("it is written")
    };
    let lines = read("campaign.jsonl");
    let records = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let walls = records.filter_map(|line| line["record"]["measured"]["wall_us"].as_u64());
    let (runs, in_runs_us) = walls.fold((0_u64, 0_u64), |(runs, all), one| (runs + 1, all + one));
    let summary: Value = serde_json::from_str(&read("summary.json")).expect("JSON");
    let whole_us = JOBS * 1_000 * summary["measured"]["wall_ms"].as_u64().expect("it was measured");
    let overhead = 100.0 - in_runs_us as f64 * 100.0 / whole_us as f64;
    println!(
        "\ncampaign of {runs} runs on {JOBS} workers: {overhead:.1} % of their time is in no run"
    );
}
