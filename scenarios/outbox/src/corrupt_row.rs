//! A message that cannot be read is dead-lettered with the reason, and never acknowledged as published.

use chaosdrill::{Mark, Scenario};

use crate::{
    checks::rows::{is, meaning},
    clients::{import, open, send},
    stage::{OutboxStage, delivering_unless, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/corrupt-row")
        .claim("a message that cannot be decoded is dead-lettered with the reason, and the others are published")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                send(&workload, "ingress:80", &open("a")).await;
                let torn = [("account.opened", r#"{"owner":"ada"}"#), ("account.deposited", r#"{"amount":"#)];
                send(&workload, "ingress:80", &import("torn", &torn)).await;
                send(&workload, "ingress:80", &open("b")).await;
                Ok(())
            })
        })
        .sometimes(Mark::observed("outbox.corrupt"));
    let unreadable = |row: &serde_json::Value| is(row, "failed") && meaning(row).is_none();
    delivering_unless(scenario, unreadable).must_find(["O19", "O58", "O59"])
}
