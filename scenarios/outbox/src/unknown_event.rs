//! A stream with an event of an unknown type is refused, not guessed at.

use chaosdrill::Scenario;

use crate::{
    checks,
    clients::{deposit, import, open, send, show},
    stage::{OutboxStage, delivering, watched},
};

const FOREIGN: &str = "account.merged";

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/unknown-event")
        .claim("an account with an event of an unknown type is refused, with an error that names the event")
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
        .always(checks::errors::a_refusal_names_the_event("foreign", FOREIGN))
        .sometimes(checks::marks::an_account_could_not_be_loaded());
    delivering(scenario).must_find(["O10"])
}
