//! While the intent of a sidecar cannot be read, no graph is moved and none is served.

use std::time::Duration;

use chaosdrill::rt::{task, time};
use chaosdrill::{
    Scenario,
    fault::{Restart, at},
};

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

/// Files restored from a broken copy: a torn one, one without a graph, one of an unknown version, one without a
/// version, and one that lacks everything else.
const BROKEN: [&str; 5] = [
    r#"{"schema_version":1,"operation_id":"00000000000000000000000001","started_at":0,"act"#,
    r#"{"schema_version":1,"operation_id":"00000000000000000000000001","started_at":0,"actor":"ada","kind":"schema_apply","graph_id":"","graph_uri":"","observed_manifest_version":1,"expected_manifest_version":null,"desired_schema_digest":"","state_cas_base":"","approval_id":null}"#,
    r#"{"schema_version":7,"operation_id":"00000000000000000000000001","graph_id":"people"}"#,
    r#"{"operation_id":"00000000000000000000000001","graph_id":"people"}"#,
    r#"{"schema_version":1,"operation_id":"00000000000000000000000001","graph_id":"people"}"#,
];

pub(crate) fn of_a_hand() -> Scenario {
    let scenario = Scenario::new("recovery/unreadable-sidecar")
        .claim("while a sidecar cannot be read, no graph is changed and none is served, until a person resolves it")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                let path = "__cluster/recoveries/00000000000000000000000001.json";
                let broken = BROKEN[workload.stream("broken").below(5) as usize];
                operator.write(path, broken).await;
                operator.attempt(&config(&[("people", 2), ("places", 1)])).await;
                time::sleep(Duration::from_secs(15)).await;
                operator.delete(path).await;
                operator.apply(&config(&[("people", 2), ("places", 1)])).await;
                Ok(())
            })
        })
        .sometimes(marks::a_command_said("recovery_sidecar_unreadable"))
        .sometimes(marks::a_server_put_aside("recovery_sidecar_unreadable"));
    converging(scenario.must_find(["G24", "G24b", "G65"]))
}

pub(crate) fn of_a_newer_release() -> Scenario {
    let scenario = Scenario::new("recovery/newer-release")
        .claim("an operation that a newer release left unfinished is not touched by an older release, and is finished by the newer one")
        .topology(|stage| {
            let stage = stage.applier_with("next", |config| config.sidecar_version = 2);
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                let next = operator.at("next");
                let newer = task::spawn(async move {
                    next.apply(&config(&[("people", 2), ("places", 1)])).await;
                    next
                });
                time::sleep(Duration::from_secs(2)).await;
                operator.attempt(&config(&[("people", 2), ("places", 2)])).await;
                let next = newer.await?;
                next.apply(&config(&[("people", 3), ("places", 1)])).await;
                operator.apply(&config(&[("people", 3), ("places", 2)])).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let window = match stream.below(2) {
                0 => at("fp:cluster.before_schema_apply"),
                _ => at("fp:cluster.after_schema_apply"),
            };
            // The host is down for longer than its lock is respected.
            let back = Restart::After(Duration::from_secs(stream.between(400, 500)));
            vec![window.on("next").crash_before(back)]
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_command_said("recovery_sidecar_unreadable"));
    converging(scenario.must_find(["G31c"]))
}
