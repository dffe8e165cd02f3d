//! The standard outbox drill, for comparison with other tools: twenty messages, two dispatchers, one crash.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario,
    fault::{Restart, at},
};

use crate::{
    checks,
    clients::{deposit, open, send},
    stage::{OutboxStage, SETTLED, guarded, watched},
};

const MESSAGES: usize = 20;

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/standard")
        .claim("twenty messages are all delivered by two dispatchers, although one of them crashes at its fifth publish")
        .topology(|stage| {
            let stage = stage.ingress("producer").broker_alone().dispatchers(&["d1", "d2"]);
            watched(stage).client("sender", |workload| async move {
                send(&workload, "producer:80", &open("a")).await;
                for number in 1..workload.steps(MESSAGES) {
                    send(&workload, "producer:80", &deposit(format!("deposit-{number}"), "a", 1)).await;
                }
                Ok(())
            })
        })
        .faults([at("fp:outbox.after_publish").on_any().hit(5).crash_before(Restart::After(Duration::from_secs(60)))])
        .sometimes(Mark::observed("outbox.published"));
    guarded(scenario)
        .eventually(checks::delivery::every_committed_message_is_published(), SETTLED)
        .must_find(["O2"])
}
