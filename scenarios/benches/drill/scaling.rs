//! Benchmarks worker processes: a campaign on four workers against the same campaign on one.

use std::{path::Path, process::Command};

use criterion::{Criterion, Throughput};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// Runs of one campaign; enough that the start of the workers is negligible.
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
    let status = Command::new(Path::new(env!("CARGO_BIN_EXE_drill-to-measure")))
        .args(["run", "outbox/standard", "--seeds", &SEEDS.to_string(), "--jobs", jobs, "--out"])
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success(), "the campaign is valid");
    let _ = std::fs::remove_dir_all(out);
}

/// Prints how much CPU time the parent of a campaign uses compared to its workers.
pub(crate) fn print_overhead() {
    const JOBS: u32 = 2;
    const SEEDS: u32 = 1000;
    let out = tempfile::tempdir().expect("a folder");
    let [.., before] = ticks("self");
    let mut parent = Command::new(Path::new(env!("CARGO_BIN_EXE_drill-to-measure")))
        .args(["run", "outbox/standard", "--nemesis", "script", "--seeds", &SEEDS.to_string()])
        .args(["--jobs", &JOBS.to_string(), "--out"])
        .arg(out.path().join("campaign"))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    // A child that has exited but was not waited for still has its times.
    let number = Pid::from_raw(i32::try_from(parent.id()).expect("a number")).expect("not zero");
    waitid(WaitId::Pid(number), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("it ends");
    let [own, _] = ticks(&parent.id().to_string());
    let status = parent.wait().expect("it is a child of ours");
    assert!(status.success(), "the campaign is valid");
    let [.., after] = ticks("self");
    let workers = (after - before).saturating_sub(own).max(1);
    println!(
        "\ncampaign of {SEEDS} runs on {JOBS} workers: the parent takes {:.1} % of what its workers take",
        own as f64 * 100.0 / workers as f64
    );
}

/// The CPU time of a process and of its exited children, in kernel ticks.
fn ticks(process: &str) -> [u64; 2] {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("Linux says");
    // The second field is the name, in brackets, which may contain anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let [user, system, children_user, children_system] =
        [12, 13, 14, 15].map(|place| fields[place].parse::<u64>().expect("a number"));
    [user + system, children_user + children_system]
}
