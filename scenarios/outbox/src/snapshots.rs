//! Replay is deterministic, and snapshots only save time, for any commands in any order.

use std::{sync::OnceLock, time::Duration};

use chaosdrill::rt::rng;
use chaosdrill::{
    Scenario, Workload,
    fault::{Restart, at},
};
use chaosdrill_scenarios_common::sample::sample_steps;
use chaosdrill_target_outbox::{Action, RawEvent};
use proptest::{
    prelude::{Strategy, prop_oneof},
    sample::select,
};

use crate::{
    checks,
    clients::{command, open, rest, send, show},
    stage::{OutboxStage, delivering, watched},
};

/// Snapshots are taken every so many events, from one to this number.
const FREQUENCY_MAX: u64 = 7;

/// Any action on an open account, including actions that will be refused.
fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (1..=1000_i64).prop_map(|amount| Action::Deposit { amount }),
        4 => (1..=1000_i64).prop_map(|amount| Action::Withdraw { amount }),
        4 => "[a-z]{1,8}".prop_map(|note| Action::Annotate { note }),
        1 => odd_amount().prop_map(|amount| Action::Deposit { amount }),
        1 => odd_amount().prop_map(|amount| Action::Withdraw { amount }),
        1 => "\\PC{0,8}".prop_map(|note| Action::Annotate { note }),
        1 => "[a-z]{1,8}".prop_map(|owner| Action::Open { owner }),
        1 => "[a-z.]{1,8}".prop_map(|kind| Action::Import { events: vec![unknown(kind)] }),
    ]
}

/// Zero, negative and extreme amounts.
fn odd_amount() -> impl Strategy<Value = i64> {
    select(&[0, -1, i64::MIN, i64::MAX][..])
}

/// An event of an unknown type.
fn unknown(event_type: String) -> RawEvent {
    RawEvent { event_type, codec: "json".to_owned(), payload: "{}".to_owned() }
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    proptest::collection::vec(action(), 0..=40)
}

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/snapshots")
        .claim("an account has the same state in memory, from a snapshot and from a full replay of its events")
        .topology(|stage| {
            // Every run has its own frequency, and keeps it when the host restarts.
            let frequency = OnceLock::new();
            let stage = stage.ingress_with("ingress", move |config| {
                let draw = || 1 + rng::below(FREQUENCY_MAX) as u32;
                config.snapshot_frequency = *frequency.get_or_init(draw);
            });
            watched(stage.broker().consumer().dispatchers(&["d1"])).client("sender", ask)
        })
        // The host restarts in between: its memory is lost, and the loaded state must be the same.
        .faults_drawn(|stream| {
            let hit = stream.between(1, 4) as u32;
            vec![at("sql:events.load").on_any().hit(hit).crash_before(Restart::After(Duration::from_secs(1)))]
        })
        .sometimes(checks::marks::an_account_was_loaded_from_a_snapshot());
    delivering(scenario).must_find(["O12", "O12b", "O13", "O55", "O56", "O57", "O61"])
}

async fn ask(workload: Workload) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut stream = workload.stream("actions");
    let accounts = ["a", "b"];
    for account in accounts {
        send(&workload, "ingress:80", &open(account)).await;
    }
    for (number, action) in sample_steps(&workload, &mut stream, &actions()).into_iter().enumerate()
    {
        let account = stream.pick(&accounts).copied().unwrap_or("a");
        send(&workload, "ingress:80", &command(format!("command-{number}"), account, action)).await;
        rest(&mut stream, 20).await;
        if stream.chance(1, 5) {
            show(&workload, "ingress:80", account).await;
        }
    }
    for account in accounts {
        show(&workload, "ingress:80", account).await;
    }
    Ok(())
}
