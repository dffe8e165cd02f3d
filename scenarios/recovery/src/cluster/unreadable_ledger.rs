//! While the ledger cannot be read, nothing is changed and nothing is served, until a person puts it back.

use std::time::Duration;

use chaosdrill::Scenario;
use chaosdrill::rt::time;
use chaosdrill_target_recovery::cluster::ledger::STATE;

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

/// Ledgers restored from a broken copy: half of one, and two of another version.
const BROKEN: [fn(&str) -> String; 3] = [
    |whole| whole[..whole.len() / 2].to_owned(),
    |whole| whole.replacen(r#""version":1,"#, r#""version":7,"#, 1),
    |_| r#"{"version":7}"#.to_owned(),
];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/unreadable-ledger")
        .claim("while the ledger cannot be read, every command fails, no graph is served, and the ledger is not replaced")
        .topology(|stage| {
            stage.cluster().questions(&["server"]).client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                time::sleep(Duration::from_secs(10)).await;
                let broken = BROKEN[workload.stream("broken").below(3) as usize];
                let meanwhile = async {
                    operator.attempt(&config(&[("people", 2), ("places", 1)])).await;
                    time::sleep(Duration::from_secs(20)).await;
                };
                operator.break_for_a_while(STATE, |whole| Some(broken(whole)), meanwhile).await;
                operator.apply(&config(&[("people", 2), ("places", 1)])).await;
                Ok(())
            })
        })
        .sometimes(marks::a_command_said("state_unreadable"))
        .sometimes(marks::a_server_put_aside("state_unreadable"))
        .sometimes(marks::a_client_was_answered(200))
        .sometimes(marks::a_client_was_answered(503));
    converging(scenario.must_find(["G47", "G49"]))
}
