//! Within a process, the commands of one account take turns, and commit in the order of their turns.

use std::time::Duration;

use chaosdrill::rt::task;
use chaosdrill::{Scenario, Workload, fault::at};
use chaosdrill_target_outbox::IngressConfig;

use crate::{
    checks,
    clients::{deposit, open, rest, send},
    stage::{OutboxStage, delivering, watched},
};

const CONTENDERS: usize = 10;

pub(crate) fn in_order() -> Scenario {
    let scenario = Scenario::new("outbox/queued-repository")
        .claim("ten contenders for one account commit one after the other, in the order in which their turns were granted")
        .topology(|stage| {
            let stage = stage.ingress("ingress").broker().consumer().dispatchers(&["d1"]);
            watched(stage).client("senders", contend)
        })
        // One commit is late, so that any command that does not wait for it overtakes it.
        .faults_drawn(|stream| {
            let hit = stream.between(2, CONTENDERS as u64) as u32;
            vec![at("sql:commit.begin").on_any().hit(hit).delay(Duration::from_millis(stream.between(100, 2000)))]
        })
        .sometimes(checks::marks::several_took_turns());
    contending(scenario).must_find(["O11", "O48"])
}

pub(crate) fn busy() -> Scenario {
    let scenario = Scenario::new("outbox/busy-queue")
        .claim("a command that does not get its turn in time is refused with 503, and succeeds when it is sent again")
        .topology(|stage| {
            let impatient = |config: &mut IngressConfig| config.turn_wait_max = Duration::from_secs(2);
            let stage = stage.ingress_with("ingress", impatient).broker().consumer();
            watched(stage.dispatchers(&["d1"])).client("senders", contend)
        })
        // A commit that takes longer than the others wait for their turn.
        .faults_drawn(|stream| {
            let hit = stream.between(2, CONTENDERS as u64 / 2) as u32;
            vec![at("sql:commit.begin").on_any().hit(hit).delay(Duration::from_secs(stream.between(3, 6)))]
        })
        .sometimes(checks::marks::a_sender_did_not_get_its_turn());
    contending(scenario).must_find(["O32"])
}

pub(crate) fn lost_turn() -> Scenario {
    let scenario = Scenario::new("outbox/lost-turn")
        .claim("a command that holds its turn for too long loses it, and has one effect when it is sent again; the others go on")
        .topology(|stage| {
            let strict = |config: &mut IngressConfig| config.turn_max = Duration::from_secs(2);
            let stage = stage.ingress_with("ingress", strict).broker().consumer();
            watched(stage.dispatchers(&["d1"])).client("senders", contend)
        })
        // The commit is late, or its last step is: then it is not known whether it happened.
        .faults_drawn(|stream| {
            let site = if stream.chance(1, 2) { "sql:commit.begin" } else { "sql:commit.commit" };
            let hit = stream.between(2, CONTENDERS as u64 / 2) as u32;
            vec![at(site).on_any().hit(hit).delay(Duration::from_secs(stream.between(3, 6)))]
        })
        .sometimes(checks::marks::a_turn_was_lost());
    contending(scenario).must_find(["O32b"])
}

fn contending(scenario: Scenario) -> Scenario {
    delivering(scenario).always(checks::answers::every_contender_succeeds())
}

/// Ten commands for one account at almost the same time.
async fn contend(workload: Workload) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    send(&workload, "ingress:80", &open("a")).await;
    let mut stream = workload.stream("starts");
    let mut contenders = Vec::new();
    for number in 0..workload.steps(CONTENDERS) {
        let workload = workload.clone();
        let command = deposit(format!("deposit-{number}"), "a", 1 + number as i64);
        contenders.push(task::spawn(async move { send(&workload, "ingress:80", &command).await }));
        rest(&mut stream, 5).await;
    }
    for contender in contenders {
        contender.await?;
    }
    Ok(())
}
