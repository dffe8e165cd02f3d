//! Of several writers that have read the same version, exactly one commits, and every other gets a conflict.

use std::time::Duration;

use chaosdrill::rt::task;
use chaosdrill::{Scenario, Topology, Workload, fault::at};
use chaosdrill_target_outbox::{Action, Command, VersionCheck};

use crate::{
    checks,
    clients::{command, deposit, open, send},
    stage::{OutboxStage, delivering, watched},
};

/// Racers. Each has an ingress of its own: within one, the commands of an account take turns.
const RACERS: usize = 10;

pub(crate) fn of_openings() -> Scenario {
    let scenario = Scenario::new("outbox/racing-openings")
        .claim("of ten writers that open the same account at once, one succeeds, and each other gets a conflict")
        .topology(|stage| {
            pipeline(stage, VersionCheck::Locked).client("senders", |workload| async move {
                let owner = |racer: &str| Action::Open { owner: racer.to_owned() };
                race(&workload, |racer| command(format!("open-{racer}"), "a", owner(racer))).await
            })
        });
    delivering(delayed(scenario, 1)).must_find(["O1", "O29", "O30", "O68"])
}

pub(crate) fn of_commits() -> Scenario {
    let scenario = Scenario::new("outbox/racing-commits")
        .claim("of ten writers that have read the same version, one commits, each other gets a conflict, and the stream has no gap")
        .topology(|stage| {
            pipeline(stage, VersionCheck::Locked).client("senders", |workload| async move {
                send(&workload, "i0:80", &open("a")).await;
                // A note does not change the balance, so only the stream itself can conflict.
                let note = |racer: &str| Action::Annotate { note: format!("by {racer}") };
                race(&workload, |racer| command(format!("note-{racer}"), "a", note(racer))).await
            })
        });
    delivering(delayed(scenario, 2)).must_find(["O1", "O29", "O64", "O67", "O68"])
}

pub(crate) fn without_a_lock() -> Scenario {
    let scenario = Scenario::new("outbox/racing-commits-without-a-lock")
        .claim("of ten writers that all pass the version check, the unique key of the events lets one commit, and each other gets a conflict")
        .topology(|stage| {
            pipeline(stage, VersionCheck::Unlocked).client("senders", |workload| async move {
                send(&workload, "i0:80", &open("a")).await;
                race(&workload, |racer| deposit(format!("deposit-{racer}"), "a", 10)).await
            })
        });
    delivering(delayed(scenario, 2)).must_find(["O31", "O31b", "O68"])
}

fn pipeline(stage: Topology, version_check: VersionCheck) -> Topology {
    let stage = (0..RACERS).fold(stage, |stage, racer| {
        stage.ingress_with(&name(racer), move |config| config.version_check = version_check)
    });
    watched(stage.broker().consumer().dispatchers(&["d1"]))
}

fn name(racer: usize) -> String {
    format!("i{racer}")
}

/// All but the last two racers are delayed before their commits, until all of them have loaded the account.
fn delayed(scenario: Scenario, first_begin: u32) -> Scenario {
    let scenario = scenario.faults_drawn(move |stream| {
        let begins = first_begin..first_begin + RACERS as u32 - 2;
        let mut wait = || Duration::from_millis(stream.between(300, 600));
        begins.map(|hit| at("sql:commit.begin").on_any().hit(hit).delay(wait())).collect()
    });
    scenario
        .sometimes(checks::marks::a_racer_was_told_of_a_conflict())
        .sometimes(checks::marks::all_but_one_got_a_conflict(RACERS))
}

/// Every racer sends its command at the same moment, each through its own ingress.
async fn race(
    workload: &Workload,
    command: impl Fn(&str) -> Command,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let racers: Vec<_> = (0..workload.steps(RACERS))
        .map(|racer| {
            let (workload, address) = (workload.clone(), format!("{}:80", name(racer)));
            let command = command(&name(racer));
            task::spawn(async move { send(&workload, &address, &command).await })
        })
        .collect();
    for racer in racers {
        racer.await?;
    }
    Ok(())
}
