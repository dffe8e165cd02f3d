//! Runs simulations whose databases have their own folder.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use chaosdrill::Plan;
use chaosdrill::rt::sim::{self, Config, Director, Finished, Host, Latency};

/// An in-memory folder for the databases of one run.
pub(crate) fn folder() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    PathBuf::from(format!("/dev/shm/chaosdrill-bench-{}-{number}", std::process::id()))
}

/// A configuration with these hosts and faults, without latency to the database, as in the hand-written drill.
pub(crate) fn config(plan: Plan, hosts: Vec<Host>) -> Config {
    let mut config = Config::new(plan, hosts, folder());
    config.machines[0].latency = Latency { ms_min: 0, ms_max: 0 };
    config
}

/// Runs a configuration and removes its folder.
pub(crate) fn run(config: Config, director: impl Director + Send + 'static) -> Finished {
    let folder = config.folder.clone();
    let finished = sim::run(config, director).expect("the harness holds");
    std::fs::remove_dir_all(folder).expect("the folder is ours");
    assert_eq!(finished.stop, None);
    finished
}
