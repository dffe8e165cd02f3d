//! A rollback is published, and its audit is recorded later, by another host. Meanwhile others have moved one of the
//! tables of its intent, and the audit does not name that.
//!
//! The intent of a write is held up before it is stored, so the other writer does not see it and indexes `person`. The
//! first writer then reaches `knows` only, takes it back, and crashes before it records that.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{
    BoxError, Scenario, Workload,
    fault::{Restart, at},
};
use chaosdrill_target_recovery::engine::Request;

use crate::engine::{
    checks::marks,
    clients::{Sender, first},
    stage::{EngineStage, guarded, watched},
};

/// When the other writer indexes the table: the second write is planned by then, and its intent is not stored.
const INDEXED_AT: Duration = Duration::from_secs(3);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-late-audit")
        .claim("an audit of a rollback that is recorded late names only what the operation moved, whatever others have moved since")
        .topology(|stage| {
            watched(stage.engine())
                .client("first", |workload| first(workload, &["w1"], mutations()))
                .client("indices", index)
        })
        .faults_drawn(|stream| {
            let held = Duration::from_millis(stream.between(5_000, 8_000));
            let back = Restart::After(Duration::from_secs(stream.between(15, 40)));
            vec![
                at("store:put-if __recovery/*.json").on("w1").hit(2).delay(held),
                at("fp:engine.recovery.record_audit").on("w1").hit(1).crash_before(back),
            ]
        })
        .sometimes(marks::a_late_audit_left_out_a_table());
    guarded(scenario.must_find(["G85"]))
}

/// The first gives the table rows to index, the second is taken back, and the third builds upon the rest.
fn mutations() -> Vec<Request> {
    [1, 2, 3].map(|number| Request::Mutation { id: format!("first-{number}"), value: 1 }).into()
}

async fn index(workload: Workload) -> Result<(), BoxError> {
    time::sleep(INDEXED_AT).await;
    let request = Request::EnsureIndices { id: "indices-1".into(), table: Some("person".into()) };
    Sender::new(workload, "indices", &["w2"]).send(&request).await;
    Ok(())
}
