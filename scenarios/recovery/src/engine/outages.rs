//! Hosts crash and links break at any time.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{Restart, at_time},
};

use crate::engine::{
    checks::marks,
    clients::{ADMIN, ALL_KINDS, client},
    crash_windows::half_done,
    stage::{EngineStage, guarded, watched},
};

/// The hosts that touch the store.
const HOSTS: [&str; 3] = ["w1", "w2", "opener"];

/// Every host crashes now and then, and one of the writers for good.
pub(crate) fn of_hosts() -> Scenario {
    let scenario = base("recovery/engine-killed-hosts")
        .claim("hosts that are killed at any time, some of them forever, leave nothing that other hosts cannot recover")
        .faults_drawn(|stream| {
            // One write is left behind in its first table only, which nobody but an open ends.
            let half = half_done(stream);
            let back = Restart::After(Duration::from_secs(stream.between(1, 40)));
            let mut faults = vec![half.crash_before(back)];
            for number in 0..5 {
                let host = stream.pick(&HOSTS).copied().unwrap_or(HOSTS[0]);
                let when = Duration::from_millis(stream.between(500, 20_000));
                let back = Restart::After(Duration::from_secs(stream.between(1, 40)));
                // The second writer is the first to stay down; the senders know the first writer as well.
                let is_last = number == 4 && stream.chance(1, 2);
                faults.push(match is_last {
                    true => at_time(when).kill("w2", Restart::Never),
                    false => at_time(when).kill(host, back),
                });
            }
            faults
        })
        .sometimes(marks::a_host_went_down());
    guarded(scenario.must_find(["G53"]))
}

/// Links to the store are cut and clogged.
pub(crate) fn of_links() -> Scenario {
    let scenario = base("recovery/engine-broken-links")
        .claim("calls to the store that are lost or late lose no write and repeat none")
        .faults_drawn(|stream| {
            let mut faults = Vec::new();
            for _ in 0..5 {
                let host = stream.pick(&HOSTS).copied().unwrap_or(HOSTS[0]);
                let when = at_time(Duration::from_millis(stream.between(500, 20_000)));
                let lasts = Duration::from_millis(stream.between(50, 15_000));
                faults.push(match stream.chance(1, 2) {
                    true => when.partition(host, "store", lasts),
                    false => when.clog(host, "store", lasts),
                });
            }
            faults
        })
        .sometimes(marks::refused("a call failed an attempt", "store"));
    guarded(scenario)
}

fn base(name: &str) -> Scenario {
    Scenario::new(name).topology(|stage| {
        watched(stage.engine())
            .client("c1", |workload| client(workload, "c1", &["w1", "w2"], ALL_KINDS, 10))
            .client("c2", |workload| client(workload, "c2", &["w2", "w1"], ALL_KINDS, 10))
            .client("admin", |workload| client(workload, "admin", &["w1", "w2"], ADMIN, 5))
    })
}
