//! A crash in any window of a provision, or of its rollback, leaves no unfinished row and no orphan.
//!
//! The windows W1 to W9 go from the row to the audit; W10, the client that goes away, has its own file. The seed draws
//! which of several provisions is hit, and whether the host restarts soon, late, or at the end of the chaos.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{ErrorKind, Fault, Restart, at},
};
use chaosdrill_scenarios_common::crash_window::{self, Window, place};
use chaosdrill_target_provisioning::ResourceType;

use crate::{
    checks,
    clients::{customer, provision, wish},
    stage::{ProvisioningStage, guarded, watched},
};

const WINDOWS: [Window<Vec<Fault>>; 9] = [
    Window {
        name: "provisioning/w1-row-created",
        claim: "a crash after the row and before the backend is called leaves a row that fails in bounded time",
        // A webhook needs no backend, so not every provision passes this window or the next one.
        strike: |stream| crash(stream, "fp:handler.row_created", 3),
    },
    Window {
        name: "provisioning/w2-reply-lost",
        claim: "a crash of the backend or of the handler during the backend's answer leaves no unknown object",
        strike: |stream| {
            let site = match stream.below(3) {
                0 => "fp:backend.object_made",
                1 => "net:backend.reply",
                _ => "net:backend.create",
            };
            vec![place(site, stream, 3).crash_after(back(stream))]
        },
    },
    Window {
        name: "provisioning/w3-nothing-stored",
        claim: "a crash between the backend's answer and the URL leads to a failed row and a deleted object",
        strike: |stream| {
            let is_first = stream.chance(1, 2);
            let site = if is_first { "fp:finalize.begins" } else { "fp:finalize.prefix_stored" };
            crash(stream, site, 5)
        },
    },
    Window {
        name: "provisioning/w4-url-stored",
        claim: "a crash between the URL and the provider's id leads to an active row with that id, or to none at all",
        strike: |stream| crash(stream, "fp:finalize.url_stored", 5),
    },
    Window {
        name: "provisioning/w5-provider-stored",
        claim: "a crash before the last step leads to an active row, finished by the reconciler",
        strike: |stream| crash(stream, "fp:finalize.provider_stored", 5),
    },
    Window {
        name: "provisioning/w6-before-answer",
        claim: "a crash between the last step and the 201 leaves one resource, which the customer gets by asking again",
        strike: |stream| crash(stream, "fp:handler.before_answer", 5),
    },
    Window {
        name: "provisioning/w7-before-cleanup",
        claim: "a crash between a failure and its rollback is repaired by the reconciler",
        strike: |stream| failing(stream, "fp:rollback.begins"),
    },
    Window {
        name: "provisioning/w8-cleaned-up",
        claim: "a crash between the deletion of the object and the end of the row leads to a failed row, never to an active one",
        strike: |stream| failing(stream, "fp:rollback.cleaned_up"),
    },
    Window {
        name: "provisioning/w9-before-audit",
        claim: "a crash between the end of the row and its audit loses no audit",
        strike: |stream| failing(stream, "fp:rollback.settled"),
    },
];

fn crash(stream: &mut Stream, site: &str, hit_max: u64) -> Vec<Fault> {
    vec![place(site, stream, hit_max).crash_before(back(stream))]
}

/// Makes provisions fail, and crashes the host of one of them.
fn failing(stream: &mut Stream, site: &str) -> Vec<Fault> {
    let mut faults = vec![
        at("sql:resources.set_url").on_any().hit(1).error(ErrorKind::Full),
        at("sql:resources.activate").on_any().hit(2).error(ErrorKind::Full),
    ];
    faults.push(place(site, stream, 2).crash_before(back(stream)));
    faults
}

/// When the host restarts: within the lease, after it, or at the end of the chaos.
fn back(stream: &mut Stream) -> Restart {
    crash_window::back(stream, Duration::from_secs(10 * 60))
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    WINDOWS.iter().map(scenario).collect()
}

/// The planted bugs that the script of a window must find.
fn decisive(name: &str) -> &'static [&'static str] {
    match name {
        "provisioning/w1-row-created" => &["R7", "R16", "R28"],
        "provisioning/w2-reply-lost" => &["R4"],
        "provisioning/w4-url-stored" => &["R28", "R57"],
        "provisioning/w6-before-answer" => &["R36"],
        "provisioning/w3-nothing-stored" => &["R15", "R16", "R28"],
        "provisioning/w5-provider-stored" => &["R28"],
        "provisioning/w7-before-cleanup" | "provisioning/w8-cleaned-up" => &["R25"],
        "provisioning/w9-before-audit" => &["R28b"],
        _ => &[],
    }
}

fn scenario(window: &'static Window<Vec<Fault>>) -> Scenario {
    let scenario = Scenario::new(window.name)
        .claim(window.claim)
        .must_find(decisive(window.name).iter().copied())
        .topology(|stage| {
            watched(stage.platform(&[])).client("customer", |workload| async move {
                provision(&workload, &["h1:80", "h2:80"], &wish("first", ResourceType::Db)).await;
                customer(workload, 7).await
            })
        })
        .faults_drawn(|stream| (window.strike)(stream))
        .chaos_at_most(Duration::from_secs(3600))
        .sometimes(checks::marks::a_host_went_down());
    guarded(scenario)
}
