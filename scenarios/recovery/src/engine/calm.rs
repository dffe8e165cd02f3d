//! Without faults, all six kinds of writes succeed from end to end, and nothing is left behind.

use chaosdrill::Scenario;

use crate::engine::{
    clients::{ADMIN, ALL_KINDS, client},
    stage::{EngineStage, guarded, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-calm")
        .claim("mutations, loads, merges, schemas, indices and compactions from several senders all take effect, each once")
        .topology(|stage| {
            watched(stage.engine())
                .client("c1", |workload| client(workload, "c1", &["w1"], ALL_KINDS, 12))
                .client("c2", |workload| client(workload, "c2", &["w2"], ALL_KINDS, 12))
                .client("admin", |workload| client(workload, "admin", &["w1", "w2"], ADMIN, 8))
        });
    guarded(scenario)
}
