//! Without any fault the pipeline does its work: the drill itself is sound.

use chaosdrill::{Mark, Scenario};

use crate::outbox::{
    clients::{ORDERS, commit_orders},
    stage::{OutboxStage, delivering, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/calm")
        .claim("what is committed is published once, delivered once, and applied once")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                commit_orders(&workload, "ingress:80", &["a", "b"], ORDERS).await;
                Ok(())
            })
        })
        .sometimes(Mark::observed("consumer.applied"))
        .sometimes(Mark::observed("store.committed"));
    delivering(scenario)
}
