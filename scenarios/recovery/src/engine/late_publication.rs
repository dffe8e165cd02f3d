//! A write is taken back while its writer is about to publish it: whoever would publish it meets the fence.
//!
//! The writer is held up before its second table until an open may take the write back. The open is held up too, once
//! the manifest says so. The writer then moves the table after all, and neither it nor a writer that heals publishes
//! it.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{
    BoxError, Scenario, Workload,
    fault::{FaultExt, at},
};

use crate::engine::{
    checks::marks,
    clients::{Sender, first},
    crash_windows::first_delete,
    stage::{EngineStage, guarded, watched},
};

/// When the other writer gets a request: the first is held up by then, and the other heals until there is an answer.
const HEALS_SINCE: Duration = Duration::from_secs(20);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-late-publication")
        .claim("a write that is being taken back is published by nobody, although it is complete by now")
        .topology(|stage| {
            watched(stage.engine())
                .client("first", |workload| first(workload, &["w1"], first_delete()))
                .client("second", second)
        })
        .faults_drawn(|stream| {
            let mut secs = |least, most| Duration::from_secs(stream.between(least, most));
            let [begun, complete] = [
                "fp:engine.mutation.delete_node_pre_primary_delete",
                "fp:engine.mutation.post_finalize_pre_publisher",
            ];
            let back = |hit| at("store:put-if tables/knows/*.json").on("opener").hit(hit);
            vec![
                at(begun).on("w1").hit(1).delay(secs(42, 45)),
                // The first hit is that of the load.
                at(complete).on("w1").hit(2).delay(secs(3, 4)),
                // The first hit may be that of the creation of the table.
                back(1).delay(secs(22, 25)),
                back(2).delay(secs(22, 25)).optional(),
            ]
        })
        .sometimes(marks::deferred("a recovery met the fence", "it is being taken back"))
        .sometimes(marks::refused("a late writer was refused", "conflict"));
    guarded(scenario.must_find(["G86"]))
}

/// Repeats a request that is done. A new one would move the tables, and hide what a late publication leaves behind.
async fn second(workload: Workload) -> Result<(), BoxError> {
    time::sleep(HEALS_SINCE).await;
    Sender::new(workload, "second", &["w2"]).send(&first_delete()[0]).await;
    Ok(())
}
