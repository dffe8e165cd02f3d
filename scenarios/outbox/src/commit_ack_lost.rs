//! A commit whose answer is lost has happened, and a sender that retries must not cause it twice.

use chaosdrill::{Scenario, fault::at};

use crate::{
    checks,
    stage::{OutboxStage, of_orders},
};

pub(crate) fn scenario() -> Scenario {
    of_orders("outbox/commit-ack-lost", OutboxStage::pipeline)
        .claim("a command whose commit was not acknowledged has one effect, and its sender gets the success")
        .faults_drawn(|stream| {
            let mut hit = || stream.between(1, 4) as u32;
            let (first, second) = (hit(), 4 + hit());
            vec![
                at("sql:commit.commit").on_any().hit(first).lost_ack(),
                // The answer to the sender is lost as well, one layer further out.
                at("net:ingress.reply").on_any().hit(second).lost_ack(),
            ]
        })
        .must_find(["O22"])
        .sometimes(checks::marks::an_answer_was_lost())
        .sometimes(checks::marks::a_command_was_sent_again())
}
