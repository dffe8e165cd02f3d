//! Without faults, all six kinds of writes succeed from end to end, and nothing is left behind. Requests that would
//! change or delete a receipt are refused.

use chaosdrill::{BoxError, Scenario, Workload};
use chaosdrill_target_recovery::engine::{Change, Request};

use crate::engine::{
    checks::marks,
    clients::{ADMIN, ALL_KINDS, Sender, client},
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
                .client("careless", careless)
        })
        .sometimes(marks::refused("a request for a receipt was refused", "refused"));
    guarded(scenario.must_find(["G78"]))
}

/// Loads rows, asks in vain to change and delete their receipt, and repeats the load, which changes nothing.
async fn careless(workload: Workload) -> Result<(), BoxError> {
    let mut sender = Sender::new(workload, "careless", &["w1", "w2"]);
    let load = Request::Load { id: "careless-1".into(), values: vec![1, 2] };
    let receipt = || "careless-1.0".to_owned();
    let merge = |id: &str, changed, deleted| Request::BranchMerge {
        id: id.into(),
        source: format!("branch-of-{id}"),
        diverged: true,
        values: vec![3],
        changed,
        deleted,
    };
    let requests = [
        load.clone(),
        Request::Delete { id: "careless-2".into(), rows: vec!["careless-1.1".into(), receipt()] },
        merge("careless-3", vec![Change { id: receipt(), value: 4 }], Vec::new()),
        merge("careless-4", Vec::new(), vec![receipt()]),
        load,
    ];
    for request in requests {
        sender.send(&request).await;
    }
    Ok(())
}
