//! Of several writers that have read the same version, exactly one commits, and the others get a conflict.

use std::time::Duration;

use chaosdrill::rt::task;
use chaosdrill::{Scenario, Workload, fault::at};
use chaosdrill_target_outbox::Action;

use crate::{
    checks,
    clients::{command, deposit, open, send},
    stage::{OutboxStage, delivering, watched},
};

const RACERS: [&str; 3] = ["i1", "i2", "i3"];
const ROUNDS: usize = 2;

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/racing-commits")
        .claim("if several writers have read the same version, one commits, the others get a conflict, and the stream has no gap")
        .topology(|stage| {
            let ingresses = RACERS.iter().fold(stage, |stage, name| stage.ingress(name));
            let stage = ingresses.broker().consumer().dispatchers(&["d1"]);
            watched(stage).client("senders", race)
        })
        // The first to begin is delayed there until the others have loaded the account too.
        .faults_drawn(|stream| {
            let delay = |stream: &mut chaosdrill::Stream| Duration::from_millis(stream.between(50, 400));
            // The first begin is the opening of the account.
            let hits = (2..5).map(|hit| at("sql:commit.begin").on_any().hit(hit).delay(delay(stream)));
            hits.collect::<Vec<_>>()
        })
        .sometimes(checks::marks::a_racer_was_told_of_a_conflict());
    delivering(scenario)
}

/// In each round every racer sends a command to the same account at the same moment, each through its own ingress.
async fn race(workload: Workload) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    send(&workload, "i1:80", &open("a")).await;
    for round in 0..workload.steps(ROUNDS) {
        let racers: Vec<_> = RACERS
            .iter()
            .map(|racer| {
                let (workload, address) = (workload.clone(), format!("{racer}:80"));
                let id = format!("race-{round}-{racer}");
                // A note does not change the balance, so only the stream itself can conflict.
                let command = match round % 2 {
                    0 => command(id, "a", Action::Annotate { note: format!("by {racer}") }),
                    _ => deposit(id, "a", 10),
                };
                task::spawn(async move { send(&workload, &address, &command).await })
            })
            .collect();
        for racer in racers {
            racer.await?;
        }
    }
    Ok(())
}
