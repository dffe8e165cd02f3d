//! A crash in any window between two steps that touch the outside world loses nothing and duplicates nothing.
//!
//! The windows are those from the upgrade to the settled row, and the provisioner's own. The seed draws which hit is
//! struck, and whether the host restarts soon, late, or only at the end of the chaos.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{Place, Restart},
};
use chaosdrill_scenarios_common::crash_window::{self, Window};
use chaosdrill_target_propagation::Answer;

use crate::{
    checks,
    clients::customers,
    stage::{PropagationStage, resting, script, watched},
};

/// A lower ceiling than usual, so that rows are given up within minutes.
const ATTEMPTS_MAX: i64 = 3;

/// The waits up to that ceiling, plus some ticks and a takeover.
const WITHIN: Duration = Duration::from_secs(40 * 60);

const WINDOWS: [Window; 10] = [
    Window {
        name: "propagation/crash-around-upgrade",
        claim: "W0: a crash around the commit of an upgrade leaves both the upgrade and its propagation, or neither",
        strike: |stream| {
            let place = place_of(&["sql:upgrade.commit", "fp:api.before_answer"], stream, 4);
            if stream.chance(1, 2) {
                place.crash_before(back(stream))
            } else {
                place.crash_after(back(stream))
            }
        },
    },
    Window {
        name: "propagation/crash-before-lease",
        claim: "W1: a runner that crashes between its read and its lease holds no row",
        strike: |stream| {
            place_of(&["sql:propagation.lease", "sql:pick.commit"], stream, 2)
                .crash_before(back(stream))
        },
    },
    Window {
        name: "propagation/crash-after-pick",
        claim: "W2: rows whose holder crashes before it dispatches are carried out after the lease ends, and not before",
        strike: |stream| place_of(&["fp:runner.after_pick"], stream, 2).crash_before(back(stream)),
    },
    Window {
        name: "propagation/crash-during-call",
        claim: "W3: a runner or a provisioner that crashes during a call leaves one effect",
        strike: |stream| {
            place_of(&["fp:provisioner.after_apply", "sql:regrade.commit"], stream, 2)
                .crash_after(back(stream))
        },
    },
    Window {
        name: "propagation/crash-after-dispatch",
        claim: "W4: a change that the provisioner made but the runner did not store is found done by the next holder",
        strike: |stream| {
            place_of(&["fp:runner.after_dispatch"], stream, 4).crash_before(back(stream))
        },
    },
    Window {
        name: "propagation/crash-before-audit",
        claim: "W5: a crash between a settled row and its audit leaves both, or neither",
        strike: |stream| place_of(&["sql:audit.append"], stream, 6).crash_before(back(stream)),
    },
    Window {
        name: "propagation/crash-after-retry",
        claim: "W6: a crash after the row of a failed dispatch was written leaves an attempt that is counted once",
        strike: |stream| place_of(&["sql:propagation.retry"], stream, 3).crash_after(back(stream)),
    },
    Window {
        name: "propagation/crash-after-death",
        claim: "W7: a row that is given up during a crash is audited and counted",
        strike: |stream| place_of(&["sql:propagation.fail"], stream, 1).crash_after(back(stream)),
    },
    Window {
        name: "propagation/crash-after-settle",
        claim: "W10: a row whose end is committed before a crash has its audit and its counts, and is not dispatched again",
        strike: |stream| place_of(&["sql:settle.commit"], stream, 6).crash_after(back(stream)),
    },
    Window {
        name: "propagation/crash-between-rows",
        claim: "a runner that crashes between two rows of its batch loses neither",
        strike: |stream| {
            place_of(&["fp:runner.after_settle"], stream, 4).crash_before(back(stream))
        },
    },
];

/// A hit of one of these sites, on any host.
fn place_of(sites: &[&str], stream: &mut Stream, hit_max: u64) -> Place {
    let site = stream.pick(sites).copied().unwrap_or_default();
    crash_window::place(site, stream, hit_max)
}

/// When the host comes back: within the lease, after it, or when the chaos is over.
fn back(stream: &mut Stream) -> Restart {
    crash_window::back(stream, Duration::from_secs(400))
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    WINDOWS.iter().map(scenario).collect()
}

/// The planted bugs that the script of a window must find.
fn found_by(window: &str) -> Option<&'static str> {
    match window {
        "propagation/crash-around-upgrade" => Some("P21"),
        "propagation/crash-after-pick" => Some("P12"),
        "propagation/crash-before-audit" | "propagation/crash-after-settle" => Some("P16"),
        "propagation/crash-during-call" => Some("P35"),
        _ => None,
    }
}

fn scenario(window: &'static Window) -> Scenario {
    let scenario = Scenario::new(window.name)
        .claim(window.claim)
        .topology(|stage| {
            let scripts = vec![
                script("broken-", u32::MAX, Answer::Error),
                script("shy-", 1, Answer::Skip("no pod".to_owned())),
                script("slow-", 1, Answer::Slow(Duration::from_secs(40))),
            ];
            let stage = stage.api().provisioner(scripts).workers_with(&["w1", "w2"], ATTEMPTS_MAX);
            watched(stage).client("customers", |workload| async move {
                let teams = ["plain", "slow", "shy", "broken", "other"];
                customers(&workload, &teams, &["postgres", "redis"]).await
            })
        })
        .faults_drawn(|stream| vec![(window.strike)(stream)])
        .chaos_at_most(Duration::from_secs(30 * 60))
        .sometimes(checks::marks::a_host_went_down())
        .must_find(found_by(window.name));
    resting(scenario, ATTEMPTS_MAX, WITHIN)
}
