//! A message that the broker refuses twice is published at the third attempt.

use chaosdrill::{Mark, Scenario};
use chaosdrill_target_outbox::Refusal;

use crate::{
    clients::commit_orders,
    stage::{OutboxStage, delivering, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/publish-fails-twice")
        .claim("a message that the broker refuses twice is retried, and published at the third attempt")
        .topology(|stage| {
            let refusals = [Refusal { payload_contains: "amount".to_owned(), first: 2 }];
            let stage = stage.ingress("ingress").broker_refusing(&refusals).consumer().dispatchers(&["d1", "d2"]);
            watched(stage).client("sender", |workload| async move {
                commit_orders(&workload, "ingress:80", &["a"], 4).await;
                Ok(())
            })
        })
        .sometimes(Mark::observed("broker.refused"));
    delivering(scenario).must_find(["O6", "O27", "O28", "O58", "O62", "O63", "O65"])
}
