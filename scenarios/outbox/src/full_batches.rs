//! A burst of more messages than a batch may have is published without a rest in between.

use std::time::Duration;

use chaosdrill::Scenario;

use crate::{
    checks,
    clients::{import, send},
    stage::{OutboxStage, delivering, watched},
};

/// Fewer than there are messages at once.
const BATCH: u32 = 4;

/// Longer than it takes to publish them all.
const POLL: Duration = Duration::from_secs(20);

/// Of a burst that leaves a batch partly filled, so that the dispatcher rests after it.
const MESSAGES: usize = 4 * BATCH as usize + 2;

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/full-batches")
        .claim("a dispatcher publishes a burst batch by batch, and rests only after a batch that was not full")
        .topology(|stage| {
            let stage = stage.ingress("ingress").broker().consumer();
            let stage = stage.dispatcher("d1", |config| (config.batch, config.poll) = (BATCH, POLL));
            watched(stage).client("sender", |workload| async move {
                let mut history = [("account.deposited", r#"{"amount":5}"#); MESSAGES];
                history[0] = ("account.opened", r#"{"owner":"ada"}"#);
                send(&workload, "ingress:80", &import("burst", &history)).await;
                Ok(())
            })
        })
        .always(checks::waits::a_full_batch_is_followed_at_once(BATCH as usize, POLL))
        .sometimes(checks::marks::more_than_a_batch_was_claimed(BATCH as usize));
    delivering(scenario).must_find(["O71"])
}
