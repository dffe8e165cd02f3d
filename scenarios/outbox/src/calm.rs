//! Without faults every message is published, delivered and applied once: a test of the drill itself.

use chaosdrill::{Mark, Scenario};

use crate::stage::{OutboxStage, of_orders};

pub(crate) fn scenario() -> Scenario {
    of_orders("outbox/calm", OutboxStage::pipeline)
        .claim("a committed message is published once, delivered once and applied once")
        .sometimes(Mark::observed("consumer.applied"))
        .sometimes(Mark::observed("store.committed"))
        .must_find(["O26", "O34", "O37", "O52", "O53", "O54", "O66"])
}
