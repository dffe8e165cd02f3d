//! A stream with an event that nobody knows is not guessed at.

use chaosdrill::{Check, Mark, Outcome, Scenario};

use crate::outbox::{
    clients::{deposit, import, open, send, show},
    history::text,
    stage::{OutboxStage, delivering, watched},
};

const FOREIGN: &str = "account.merged";

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/unknown-event")
        .claim("an account with an event that nobody knows is refused, with an error that names the event")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                let history = [("account.opened", r#"{"owner":"ada"}"#), (FOREIGN, "{}"), ("account.deposited", r#"{"amount":5}"#)];
                send(&workload, "ingress:80", &import("foreign", &history)).await;
                send(&workload, "ingress:80", &deposit("after-it", "foreign", 5)).await;
                show(&workload, "ingress:80", "foreign").await;
                send(&workload, "ingress:80", &open("plain")).await;
                show(&workload, "ingress:80", "plain").await;
                Ok(())
            })
        })
        .always(a_refusal_names_the_event())
        .sometimes(Mark::new("an account could not be loaded", |history| {
            history.operations("show").filter(chaosdrill::Operation::is_fail).count() as u64
        }));
    delivering(scenario)
}

/// Who is refused learns which event it was.
fn a_refusal_names_the_event() -> Check {
    Check::new("a_refusal_names_the_event", |history| {
        for op in history.operations("show") {
            let Some(end) = op.end else { continue };
            let body = &end.get("output")["body"];
            let error = text(body, "error");
            if op.invoke.get("input")["account"] == "foreign" && !error.contains(FOREIGN) {
                return Outcome::invalid(
                    format!("#{} the answer does not name {FOREIGN}: {body}", end.seq),
                    [end.seq],
                );
            }
        }
        Outcome::valid()
    })
}
