//! The status code of an answer shows the sender whether to retry.

use chaosdrill::rt::task;
use chaosdrill::{
    BoxError, Scenario, Workload,
    fault::{ErrorKind, Fault, at},
};
use chaosdrill_target_outbox::Action;

use crate::{
    checks,
    clients::{command, deposit, open, send, send_malformed},
    stage::{OutboxStage, delivering, watched},
};

/// The steps of a command that fail and are tried again.
const TRANSIENT: [&str; 4] =
    ["sql:commands.find", "sql:events.load", "sql:outbox.enqueue", "sql:commit.commit"];

/// All steps of a command that fail.
const STEPS: [&str; 6] = [
    "sql:commands.find",
    "sql:events.load",
    "sql:outbox.enqueue",
    "sql:commit.commit",
    "sql:events.append",
    "sql:commands.record",
];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/ingress-answers")
        .claim("a permanent refusal is answered with 422, and a transient error with 503")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                send(&workload, "ingress:80", &open("a")).await;
                send(
                    &workload,
                    "ingress:80",
                    &command("again", "a", Action::Open { owner: "bob".to_owned() }),
                )
                .await;
                send(
                    &workload,
                    "ingress:80",
                    &command("nothing", "a", Action::Deposit { amount: 0 }),
                )
                .await;
                send(
                    &workload,
                    "ingress:80",
                    &command("too-much", "a", Action::Withdraw { amount: 5 }),
                )
                .await;
                send(&workload, "ingress:80", &deposit("what a name", "a", 5)).await;
                // The id belongs to the opening of the other account.
                send(
                    &workload,
                    "ingress:80",
                    &command("open-a", "b", Action::Open { owner: "bob".to_owned() }),
                )
                .await;
                send_malformed(&workload, "ingress:80").await;
                deposit_before_it_is_open(&workload).await?;
                for number in 0..4 {
                    send(&workload, "ingress:80", &deposit(format!("deposit-{number}"), "a", 5))
                        .await;
                }
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            const KINDS: [ErrorKind; 4] =
                [ErrorKind::Busy, ErrorKind::Serialization, ErrorKind::Deadlock, ErrorKind::Reset];
            let mut faults: Vec<Fault> = TRANSIENT
                .iter()
                .map(|site| {
                    let kind = stream.pick(&KINDS).copied().unwrap_or(ErrorKind::Busy);
                    at(*site).on("ingress").hit(stream.between(1, 4) as u32).error(kind)
                })
                .collect();
            // As if another writer had taken the number between the check of the version and the insert.
            let taken = at("sql:events.append").on("ingress").hit(stream.between(2, 4) as u32);
            faults.push(taken.error(ErrorKind::Unique));
            // As if a command for another account had taken the id since it was looked for.
            let taken = at("sql:commands.record").on("ingress").hit(stream.between(6, 8) as u32);
            faults.push(taken.error(ErrorKind::Unique));
            faults
        })
        .always(checks::errors::a_taken_id_is_a_final_refusal(&STEPS))
        .sometimes(checks::marks::an_account_was_not_there())
        .sometimes(checks::marks::a_command_was_refused())
        .sometimes(checks::marks::a_malformed_body_was_refused());
    delivering(scenario).must_find(["O16", "O24", "O38", "O39", "O40", "O41", "O46", "O47"])
}

/// A deposit arrives before its account is open. Who is told to come again succeeds once it is.
async fn deposit_before_it_is_open(workload: &Workload) -> Result<(), BoxError> {
    let early = {
        let workload = workload.clone();
        task::spawn(async move {
            send(&workload, "ingress:80", &deposit("early", "later", 5)).await;
        })
    };
    send(workload, "ingress:80", &deposit("another", "a", 5)).await;
    send(workload, "ingress:80", &open("later")).await;
    early.await?;
    Ok(())
}
