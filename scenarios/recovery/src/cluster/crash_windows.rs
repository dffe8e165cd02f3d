//! A crash between any two steps of a command leaves a lock and an intent behind, and a plain re-run ends with the same
//! result as a run without the crash.
//!
//! The seed draws which hit is struck, when the host restarts, and where it crashes again during recovery.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{Place, Restart, at},
};
use chaosdrill_scenarios_common::crash_window::{Window, hit};

use super::{
    checks::marks,
    operator::Operator,
    stage::{ClusterStage, converging},
};

const WINDOWS: [Window; 13] = [
    Window {
        name: "recovery/crash-before-create",
        claim: "a graph whose creation was planned but not started is created by the next run",
        strike: |stream| {
            place("fp:cluster.before_graph_create", stream, 3).crash_before(back(stream))
        },
    },
    Window {
        name: "recovery/crash-after-create",
        claim: "a graph that was created but not recorded in the ledger is recorded once by the next run",
        strike: |stream| {
            place("fp:cluster.after_graph_create", stream, 3).crash_before(back(stream))
        },
    },
    Window {
        name: "recovery/crash-within-create",
        claim: "a graph that was created only in part is left for a person to inspect, and not removed",
        strike: |stream| {
            at("store:put-if graphs/places.omni/tables/person/*.json")
                .on("a1")
                .crash_after(back(stream))
        },
    },
    Window {
        name: "recovery/crash-before-schema",
        claim: "a schema change that was planned but not started is made by the next run",
        strike: |stream| {
            place("fp:cluster.before_schema_apply", stream, 2).crash_before(back(stream))
        },
    },
    Window {
        name: "recovery/crash-after-schema",
        claim: "a schema change that is not recorded in the ledger is recorded by the next run, and not made twice",
        strike: |stream| {
            place("fp:cluster.after_schema_apply", stream, 2).crash_before(back(stream))
        },
    },
    Window {
        name: "recovery/crash-within-schema",
        claim: "a schema change that is published but not in force yet is finished and recorded",
        strike: |stream| {
            at("store:put-if graphs/people.omni/__manifest.json")
                .on("a1")
                .hit(2)
                .crash_after(back(stream))
        },
    },
    Window {
        name: "recovery/crash-after-payloads",
        claim: "payloads that no ledger names do no harm",
        strike: |stream| {
            place("fp:cluster.after_payload_phase", stream, 6).crash_before(back(stream))
        },
    },
    Window {
        name: "recovery/crash-before-delete",
        claim: "a removal that was approved but not started is made by the next run, under the same approval",
        strike: |stream| {
            place("fp:cluster.before_graph_delete", stream, 2).crash_before(back(stream))
        },
    },
    Window {
        name: "recovery/crash-after-delete",
        claim: "a removal that is not recorded in the ledger is recorded by the next run, and its approval is used up",
        strike: |stream| {
            place("fp:cluster.after_graph_delete", stream, 2).crash_before(back(stream))
        },
    },
    Window {
        name: "recovery/crash-within-delete",
        claim: "a graph that was removed only in part is removed completely by the next run",
        strike: |stream| {
            at("store:delete graphs/places.omni/__manifest.json")
                .on("a1")
                .crash_before(back(stream))
        },
    },
    Window {
        name: "recovery/crash-before-state",
        claim: "every change from before the write of the ledger is recorded by the next run",
        strike: |stream| {
            place("fp:cluster.before_state_write", stream, 7).crash_before(back(stream))
        },
    },
    Window {
        name: "recovery/crash-after-state",
        claim: "sidecars that still exist after the write of the ledger are retired, and nothing is done twice",
        strike: |stream| {
            place("store:put-if __cluster/state.json", stream, 7).crash_after(back(stream))
        },
    },
    Window {
        name: "recovery/crash-before-approval-mark",
        claim: "an approval whose file was not marked in time is still used up",
        strike: |stream| {
            at("store:put-if __cluster/approvals/*.json").on("a1").crash_before(back(stream))
        },
    },
];

/// The planted bugs that the script of a window must find.
const FINDS: [(&str, &[&str]); 9] = [
    ("recovery/crash-before-create", &["G1", "G1b", "G62"]),
    ("recovery/crash-after-create", &["G2", "G2b", "G2c"]),
    ("recovery/crash-within-create", &["G21"]),
    ("recovery/crash-before-schema", &["G3"]),
    ("recovery/crash-after-schema", &["G4"]),
    ("recovery/crash-before-delete", &["G5"]),
    ("recovery/crash-after-delete", &["G6", "G6b"]),
    ("recovery/crash-after-payloads", &["G7"]),
    ("recovery/crash-before-approval-mark", &["G19b"]),
];

/// A hit of a site on the applier.
fn place(site: &str, stream: &mut Stream, hit_max: u64) -> Place {
    at(site).on("a1").hit(hit(stream, hit_max))
}

/// When the host restarts: soon, or when the lock that it left is old.
fn back(stream: &mut Stream) -> Restart {
    match stream.below(2) {
        0 => Restart::After(Duration::from_secs(5)),
        _ => Restart::After(Duration::from_secs(200)),
    }
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    WINDOWS.iter().map(scenario).collect()
}

fn scenario(window: &'static Window) -> Scenario {
    let scenario = Scenario::new(window.name)
        .claim(window.claim)
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                Operator::new(&workload, "a1").await.story().await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let mut faults = vec![(window.strike)(stream)];
            // In half of the runs the host crashes again, possibly during recovery.
            if stream.below(2) == 0 {
                faults.push(
                    place("fp:cluster.before_state_write", stream, 7).crash_before(back(stream)),
                );
            }
            faults
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_host_went_down())
        .sometimes(marks::a_lock_was_taken_away());
    let finds = FINDS.iter().filter(|(name, _)| *name == window.name);
    converging(scenario.must_find(finds.flat_map(|(_, ids)| ids.iter().copied())))
}
