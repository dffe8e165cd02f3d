//! A commit whose answer is lost has happened: a sender that asks again must not make it happen twice.

use chaosdrill::{EventKind, Mark, Scenario, fault::at};

use crate::outbox::{
    clients::commit_orders,
    stage::{OutboxStage, delivering, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/commit-ack-lost")
        .claim("a command whose commit was not acknowledged has one effect, and its sender learns that it succeeded")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                commit_orders(&workload, "ingress:80", &["a", "b"], 12).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let mut hit = || stream.between(1, 6) as u32;
            let (first, second) = (hit(), 6 + hit());
            vec![
                at("sql:commit.commit").on_any().hit(first).lost_ack(),
                // The answer to the sender gets lost as well, one layer further out.
                at("net:ingress.reply").on_any().hit(second).lost_ack(),
            ]
        })
        .sometimes(Mark::new("an answer was lost", |history| history.of_kind(EventKind::Fault, "lost-ack").count() as u64))
        .sometimes(Mark::new("a repeated command was recognized", |history| {
            let versions = history.operations("command").filter_map(|op| op.end);
            versions.filter(|end| end.get("output")["answers"].as_array().is_some_and(|answers| answers.len() > 1)).count() as u64
        }));
    delivering(scenario)
}
