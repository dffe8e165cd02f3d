//! The store refuses single calls, or loses their answers: operations that depend on them fail with an error, and
//! completed operations report success.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{ErrorKind, Fault, FaultExt, Restart, at},
};

use crate::engine::{
    checks::marks,
    clients::{ADMIN, ALL_KINDS, client},
    stage::{EngineStage, guarded, watched},
};

/// The store calls of writes and of recovery; every attempt begins with the first.
const CALLS: [&str; 11] = [
    "store:list __recovery",
    "store:list __recovery",
    "store:put-if __recovery/*.json",
    "store:get __recovery/*.json",
    "store:delete __recovery/*.json",
    "store:put-if tables/knows/*.json",
    "store:put-if tables/person/*.json",
    "store:list tables/person",
    "store:put-if __manifest.json",
    "store:put-if __schema/current.json",
    "store:put-if _graph_commit_recoveries/*.json",
];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-store-errors")
        .claim("a call that the store refuses fails the operation that depends on it, but no operation that is already done")
        .topology(|stage| {
            watched(stage.engine())
                .client("c1", |workload| client(workload, "c1", &["w1"], ALL_KINDS, 10))
                .client("c2", |workload| client(workload, "c2", &["w2"], ALL_KINDS, 10))
                .client("admin", |workload| client(workload, "admin", &["w1"], ADMIN, 5))
        })
        .faults_drawn(|stream| {
            let mut faults: Vec<Fault> = (0..6).map(|_| refused(stream)).collect();
            for site in ["store:delete __recovery/*.json", "store:list __recovery"] {
                let hit = stream.between(4, 7) as u32;
                faults.push(at(site).on_any().hit(hit).error(ErrorKind::Reset));
            }
            faults
        })
        .sometimes(marks::refused("a call failed an attempt", "store"))
        .sometimes(marks::a_sidecar_was_left())
        .sometimes(marks::a_request_was_sent_again());
    guarded(scenario.must_find(["G26", "G28"]))
}

/// A call that fails, or whose answer is lost.
fn refused(stream: &mut Stream) -> Fault {
    let site = stream.pick(&CALLS).copied().unwrap_or(CALLS[0]);
    let hit = stream.between(1, 12) as u32;
    let place = at(site).on_any().hit(hit);
    let writes = site.starts_with("store:put-if");
    match stream.below(4) {
        0 => place.lost_ack(),
        1 if writes => place.lost_ack_as(ErrorKind::Precondition),
        2 if writes => place.error(ErrorKind::Full),
        3 if writes => place.error(ErrorKind::Precondition),
        _ => place.error(ErrorKind::Reset),
    }
    .optional()
}

/// Sites at which a store could leave half of an object behind.
const COULD_TEAR: [&str; 4] = [
    "store:put __recovery/*.json",
    "store:put __manifest.json",
    "store:put tables/person/*.json",
    "store:put _graph_commit_recoveries/*.json",
];

pub(crate) fn torn() -> Scenario {
    let scenario = Scenario::new("recovery/engine-torn-writes")
        .claim("no reader ever finds half of an object, even if its writer crashes")
        .topology(|stage| {
            watched(stage.engine())
                .client("c1", |workload| client(workload, "c1", &["w1", "w2"], ALL_KINDS, 10))
        })
        .faults_drawn(|stream| {
            let mut faults: Vec<Fault> = Vec::new();
            // Only unconditional writes can be torn, so ideally none of these faults strikes.
            for site in COULD_TEAR {
                let hit = stream.between(1, 6) as u32;
                faults.push(at(site).on_any().hit(hit).error(ErrorKind::Torn).optional());
            }
            let hit = stream.between(1, 5) as u32;
            let back = Restart::After(Duration::from_secs(5));
            faults.push(at("store:put-if __recovery/*.json").on_any().hit(hit).crash_before(back));
            faults
        })
        .sometimes(marks::a_host_went_down());
    guarded(scenario.must_find(["G31b"]))
}
