//! Without faults: everything once, and the same again.

use chaosdrill_target_outbox::{Action, RawEvent};

use crate::{
    lab::{Lab, client, command, count, deposits, observed, rows, told},
    truth::violations,
};

fn pipeline(seed: u64) -> Lab {
    Lab::pipeline(seed, &["d1", "d2"]).with(client("client", "ingress:80", deposits(20, 4)))
}

#[test]
fn twenty_commands_are_published_once_and_consumed_once() {
    for seed in 0..4 {
        let finished = pipeline(seed).run();
        assert!(violations(&finished).is_empty(), "{:?}", violations(&finished));
        assert_eq!(count(&finished, "outbox", "status", "published"), 20, "{}", told(&finished));
        assert_eq!(observed(&finished, "broker.accepted").len(), 20);
        assert_eq!(observed(&finished, "consumer.applied").len(), 20);
        assert_eq!(observed(&finished, "consumer.duplicate").len(), 0);
        let totals: Vec<_> =
            rows(&finished, "totals").iter().map(|row| row["total"].as_i64()).collect();
        assert_eq!(totals, [Some(40); 4]);
    }
}

#[test]
fn equal_seeds_give_equal_digests() {
    let digest = |seed| pipeline(seed).run().trace.digest();
    let first: Vec<_> = (0..4).map(digest).collect();
    let again: Vec<_> = (0..4).rev().map(digest).collect();
    assert_eq!(first, again.into_iter().rev().collect::<Vec<_>>());
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn a_thousand_events_in_one_commit_are_a_thousand_events() {
    let deposited = |number| RawEvent {
        event_type: "account.deposited".into(),
        codec: "json".into(),
        payload: format!("{{\"amount\":{number}}}"),
    };
    let events = (1..=1000).map(deposited).collect();
    let commands = vec![
        command("import", "old", Action::Import { events }),
        command("later", "old", Action::Deposit { amount: 1 }),
    ];
    // Without a dispatcher: this is about the inserts, which are split into statements.
    let finished = Lab::pipeline(1, &[]).with(client("client", "ingress:80", commands)).run();
    assert_eq!(rows(&finished, "events").len(), 1001);
    assert_eq!(count(&finished, "outbox", "status", "pending"), 1001);
    assert!(finished.sites["sql:events.append"] > 10);
    let accounts = rows(&finished, "accounts");
    assert_eq!(accounts[0]["balance"].as_i64(), Some(1000 * 1001 / 2 + 1));
    assert_eq!(accounts[0]["version"].as_i64(), Some(1001));
}
