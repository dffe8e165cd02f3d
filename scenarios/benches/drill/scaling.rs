//! Worker processes: a campaign on four against the same on one.

use std::{path::Path, process::Command};

use criterion::{Criterion, Throughput};

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
