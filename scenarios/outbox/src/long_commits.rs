//! A commit of many events is as atomic as one of a single event, however many statements it takes.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream, Workload,
    fault::{Restart, at},
};

use crate::{
    checks,
    clients::{import, send, show},
    stage::{OutboxStage, delivering, watched},
};

/// Enough events, and enough messages, for more than one statement.
const EVENTS: (u64, u64) = (11, 14);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/long-commits")
        .claim("a history that is imported in one commit exists completely, with every event and message, or not at all")
        .topology(|stage| watched(stage.pipeline()).client("sender", take_over))
        // The host crashes between two statements of the commit, or after them.
        .faults_drawn(|stream| {
            const SITES: [&str; 2] = ["sql:events.append", "sql:outbox.enqueue"];
            let site = stream.pick(&SITES).copied().unwrap_or(SITES[0]);
            let hit = stream.between(1, 2) as u32;
            vec![at(site).on("ingress").hit(hit).crash_after(Restart::After(Duration::from_secs(1)))]
        })
        .sometimes(checks::marks::a_long_history_was_taken_over());
    delivering(scenario).must_find(["O23", "O36", "O61"])
}

/// Opens an account, and then makes many deposits.
fn events(stream: &mut Stream) -> Vec<(&'static str, String)> {
    let count = stream.between(EVENTS.0, EVENTS.1);
    let opened = ("account.opened", r#"{"owner":"ada"}"#.to_owned());
    let deposits = (1..count)
        .map(|_| ("account.deposited", format!(r#"{{"amount":{}}}"#, stream.between(1, 100))));
    [opened].into_iter().chain(deposits).collect()
}

async fn take_over(workload: Workload) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut events = events(&mut workload.stream("history"));
    events.truncate(workload.steps(events.len()));
    let events: Vec<(&str, &str)> =
        events.iter().map(|(name, payload)| (*name, payload.as_str())).collect();
    send(&workload, "ingress:80", &import("a", &events)).await;
    show(&workload, "ingress:80", "a").await;
    Ok(())
}
