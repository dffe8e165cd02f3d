//! Within a process, the commands of one account take turns, and commit in the order of their turns.

use chaosdrill::rt::task;
use chaosdrill::{Scenario, fault::at};

use crate::{
    checks,
    clients::{deposit, open, rest, send},
    stage::{OutboxStage, delivering, watched},
};

const CONTENDERS: usize = 10;

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("outbox/queued-repository")
        .claim("ten contenders for one account commit one after the other, in the order in which their turns were granted")
        .topology(|stage| {
            let stage = stage.ingress("ingress").broker().consumer().dispatchers(&["d1"]);
            watched(stage).client("senders", |workload| async move {
                send(&workload, "ingress:80", &open("a")).await;
                let mut stream = workload.stream("starts");
                let mut contenders = Vec::new();
                for number in 0..CONTENDERS {
                    let workload = workload.clone();
                    let command = deposit(format!("deposit-{number}"), "a", 1 + number as i64);
                    contenders.push(task::spawn(async move { send(&workload, "ingress:80", &command).await }));
                    rest(&mut stream, 5).await;
                }
                for contender in contenders {
                    contender.await?;
                }
                Ok(())
            })
        })
        // One commit is late, so that any command that does not wait for it overtakes it.
        .faults_drawn(|stream| {
            let hit = stream.between(2, CONTENDERS as u64) as u32;
            vec![at("sql:commit.begin").on_any().hit(hit).delay(std::time::Duration::from_millis(stream.between(100, 2000)))]
        })
        .sometimes(checks::marks::several_took_turns());
    delivering(scenario)
}
