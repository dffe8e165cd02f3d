//! A problem of one graph affects that graph alone.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario,
    fault::{Restart, at},
};

use super::{
    checks::{self, marks},
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/quarantine")
        .claim("a graph with a pending intent is not served, the others are, and a strict server serves none")
        .topology(|stage| {
            let stage = stage.cluster().strict_server().misconfigured_server();
            let stage = stage.questions(&["server", "strict"]);
            stage.client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                operator.apply(&config(&[("people", 2), ("places", 1)])).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let window = match stream.below(3) {
                0 => at("fp:cluster.before_schema_apply"),
                1 => at("fp:cluster.after_schema_apply"),
                _ => at("store:put-if graphs/people.omni/__manifest.json").hit(2),
            };
            let back = Restart::After(Duration::from_secs(stream.between(20, 90)));
            vec![window.on("a1").crash_after(back)]
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_server_put_aside("cluster_recovery_pending"))
        .sometimes(marks::a_server_put_aside("not_all_graphs_are_ready"))
        .always(checks::settings::bad_settings_are_refused())
        .sometimes(Mark::observed(checks::settings::REFUSED));
    converging(scenario.must_find(["G11", "G50", "G63"]))
}
