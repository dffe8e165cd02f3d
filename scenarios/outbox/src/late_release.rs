//! A dispatcher that stalls past its lease before it gives a refused message back must not take it from its successor.

use chaosdrill::{Scenario, fault::at};
use chaosdrill_target_outbox::Refusal;

use crate::{
    checks,
    clients::commit_orders,
    stage::{OutboxStage, PAST_THE_LEASE, delivering, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/late-release")
        .claim("a holder that stalls before it releases a refused message is fenced, and the message is published once more at most")
        .topology(|stage| {
            let refusals = [Refusal { payload_contains: String::new(), first: 1 }];
            let stage = stage.ingress("ingress").broker_refusing(&refusals).consumer();
            watched(stage.dispatchers(&["d1", "d2"])).client("sender", |workload| async move {
                commit_orders(&workload, "ingress:80", &["a"], 4).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let hit = stream.between(1, 4) as u32;
            vec![at("sql:outbox.release").on_any().hit(hit).stall(PAST_THE_LEASE)]
        })
        .sometimes(checks::marks::a_late_release_was_refused());
    delivering(scenario).must_find(["O4b"])
}
