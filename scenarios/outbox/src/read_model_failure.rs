//! If a constraint of the read model refuses a change, the whole commit is rolled back.

use chaosdrill::Scenario;

use crate::{
    checks,
    clients::{deposit, open, send},
    stage::{OutboxStage, delivering, watched},
};

/// More than the read model's CHECK allows for one movement; the aggregate does not know this limit.
const TOO_MUCH: i64 = 1_000_001;

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/read-model-failure")
        .claim("a constraint violation of the read model rolls back the whole commit, with its events and messages")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                let mut stream = workload.stream("amounts");
                send(&workload, "ingress:80", &open("a")).await;
                for number in 0..workload.steps(8) {
                    let amount = if stream.chance(1, 2) { TOO_MUCH } else { 5 };
                    send(&workload, "ingress:80", &deposit(format!("deposit-{number}"), "a", amount)).await;
                }
                // The last deposit always exceeds the limit.
                send(&workload, "ingress:80", &deposit("deposit-last", "a", TOO_MUCH)).await;
                Ok(())
            })
        })
        .sometimes(checks::marks::a_command_was_refused());
    delivering(scenario).must_find(["O8"])
}
