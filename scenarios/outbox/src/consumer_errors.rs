//! The consumer retries transient errors, and dead-letters permanent ones at once.

use chaosdrill::{
    Mark, Scenario,
    fault::{ErrorKind, at},
};
use chaosdrill_target_outbox::Action;

use crate::{
    clients::{command, commit_orders, open, send},
    stage::{OutboxStage, delivering, of_orders, watched},
};

pub(crate) fn permanent() -> Scenario {
    let scenario = Scenario::new("outbox/permanent-error")
        .claim("a message that violates a constraint of the consumer is tried once and dead-lettered, and the others are applied")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                send(&workload, "ingress:80", &open("a")).await;
                // The note is longer than the consumer's column; no earlier step limits it.
                let note = "x".repeat(65);
                send(&workload, "ingress:80", &command("long-note", "a", Action::Annotate { note })).await;
                commit_orders(&workload, "ingress:80", &["b"], 4).await;
                Ok(())
            })
        })
        // The first attempt to put it aside fails.
        .faults([at("sql:inbox.dead_letter").on("consumer").hit(1).error(ErrorKind::Full)])
        .sometimes(Mark::observed("consumer.give_up_failed"))
        .sometimes(Mark::observed("consumer.dead_lettered"));
    delivering(scenario).must_find(["O14", "O28b", "O58", "O70"])
}

pub(crate) fn transient() -> Scenario {
    of_orders("outbox/transient-errors", OutboxStage::pipeline)
        .claim("serialization failures, deadlocks, a busy database and broken connections are retried, and no message is given up for them")
        .faults_drawn(|stream| {
            const KINDS: [ErrorKind; 5] =
                [ErrorKind::Serialization, ErrorKind::Deadlock, ErrorKind::Busy, ErrorKind::Full, ErrorKind::Reset];
            const SITES: [&str; 5] =
                ["sql:totals.apply", "sql:consume.commit", "sql:commit.commit", "sql:outbox.complete", "sql:events.append"];
            // The first site gets one of the first two kinds: the codes of PostgreSQL, at the consumer.
            SITES
                .iter()
                .enumerate()
                .map(|(number, site)| {
                    let kinds = if number == 0 { &KINDS[..2] } else { &KINDS[..] };
                    let kind = stream.pick(kinds).copied().unwrap_or(ErrorKind::Busy);
                    at(*site).on_any().hit(stream.between(1, 6) as u32).error(kind)
                })
                .collect()
        })
        .must_find(["O7b", "O15", "O24", "O46"])
        .sometimes(Mark::observed("consumer.failed"))
}
