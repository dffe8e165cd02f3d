//! A crash in each window between two steps: nothing is lost, and nothing has two effects.

use chaosdrill_rt::sim::Finished;

use crate::{
    lab::{Lab, client, count, deposits, observed, told},
    truth::violations,
};

const COMMANDS: usize = 6;

/// Strikes at the second passage, with an earlier message on its way.
fn run(site: &str, act: &str) -> Finished {
    run_at(site, 2, act)
}

fn run_at(site: &str, hit: u32, act: &str) -> Finished {
    let commands = deposits(COMMANDS, 2);
    let lab = Lab::pipeline(5, &["d1", "d2"]).with(client("client", "ingress:80", commands));
    let finished = lab.fault(&format!("site = \"{site}\", hit = {hit}"), act).run();
    let found = violations(&finished);
    assert!(found.is_empty(), "{site} {act}: {found:?}\n{}", told(&finished));
    assert!(finished.faults[0].fired.is_some(), "{site} {act}");
    let published = count(&finished, "outbox", "status", "published");
    assert_eq!(published, COMMANDS, "{site} {act}\n{}", told(&finished));
    assert_eq!(count(&finished, "inbox", "outcome", "applied"), COMMANDS, "{site} {act}");
    finished
}

const BEFORE: &str = "crash = \"before\", restart = \"10s\"";
const AFTER: &str = "crash = \"after\", restart = \"10s\"";

#[test]
fn before_the_commit_nothing_is_there() {
    run("sql:commit.commit", BEFORE);
}

#[test]
fn after_the_commit_the_same_command_finds_what_it_did() {
    // How many of the committers heard that they had committed.
    for (site, act, heard) in [
        ("sql:commit.commit", AFTER, COMMANDS - 1),
        ("sql:commit.commit", "lost_ack = \"reset\"", COMMANDS - 1),
        ("fp:ingress.before_answer", BEFORE, COMMANDS),
        ("net:ingress.reply", BEFORE, COMMANDS),
    ] {
        let finished = run(site, act);
        assert_eq!(observed(&finished, "store.committed").len(), heard, "{site} {act}");
    }
}

#[test]
fn a_dead_holder_is_succeeded_when_its_lease_ends() {
    let finished = run("fp:outbox.after_claim", BEFORE);
    assert!(observed(&finished, "outbox.claimed").iter().any(|event| event.get("lapsed") == true));
    assert_eq!(observed(&finished, "broker.accepted").len(), COMMANDS);
}

#[test]
fn what_was_published_and_not_settled_is_published_again_and_has_one_effect() {
    for (site, act) in [
        ("fp:outbox.after_publish", BEFORE),
        ("sql:outbox.complete", BEFORE),
        ("net:bus.reply", BEFORE),
    ] {
        let finished = run(site, act);
        assert_eq!(observed(&finished, "broker.accepted").len(), COMMANDS + 1, "{site}");
        assert_eq!(observed(&finished, "consumer.duplicate").len(), 1, "{site}");
    }
}

#[test]
fn what_was_settled_stays_settled() {
    for (site, act) in [("fp:outbox.after_settle", BEFORE), ("sql:outbox.complete", AFTER)] {
        let finished = run(site, act);
        assert_eq!(observed(&finished, "broker.accepted").len(), COMMANDS, "{site}");
    }
}

#[test]
fn a_holder_that_stalls_past_its_lease_is_refused() {
    let finished = run("fp:outbox.after_publish", "stall = \"90s\"");
    assert_eq!(observed(&finished, "outbox.settle_refused").len(), 1, "{}", told(&finished));
}

#[test]
fn an_effect_without_its_receipt_is_no_effect() {
    for site in ["fp:consumer.after_effect", "sql:consume.commit"] {
        run(site, BEFORE);
    }
    let finished = run("sql:consume.commit", "lost_ack = \"reset\"");
    assert_eq!(observed(&finished, "consumer.duplicate").len(), 1);
}

#[test]
fn a_migration_that_is_cut_short_is_taken_up_again() {
    for site in ["sql:migrate.apply.1", "sql:migrate.apply.2", "sql:migrate.table"] {
        for act in [BEFORE, AFTER, "error = \"busy\"", "lost_ack = \"reset\""] {
            run_at(site, 1, act);
        }
    }
}
