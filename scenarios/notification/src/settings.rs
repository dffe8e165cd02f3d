//! A server takes its intervals from its environment, and does not start if it cannot read one.

use std::time::Duration;

use chaosdrill::{Scenario, Workload, rt::time};
use chaosdrill_scenarios_common::checks::fault_free::where_fault_free;
use chaosdrill_target_notification::{
    BoxError, ServerConfig, run_server,
    settings::{PROCESSOR_INTERVAL, RETRY_INTERVAL},
};
use serde_json::json;

use crate::{
    checks,
    clients::{create_all, minutes, moods},
    stage::{NotificationStage, resting, url, watched},
};

/// Values that name no interval, or none that a server could keep.
const UNUSABLE: [&str; 6] = ["", "0s", "-1m", "5", "soon", "999h"];

/// How long a server that should not start may run.
const RUNS: Duration = Duration::from_millis(500);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/settings")
        .claim("the intervals of a server come from its environment, and a value that cannot be used ends its start")
        .topology(|stage| {
            let set = |config: &mut ServerConfig| {
                let environment = [(RETRY_INTERVAL, "90s"), (PROCESSOR_INTERVAL, "20s")];
                let environment = environment.map(|(name, value)| (name.into(), value.into()));
                config.apply(environment).expect("the intervals can be used");
            };
            watched(stage.api().notifier().server("s1", set)).client(
                "operator",
                |workload| async move {
                    create_all(&workload, "n", &moods(&workload, &["calm", "refused once"], 6))
                        .await;
                    for name in [PROCESSOR_INTERVAL, RETRY_INTERVAL] {
                        for value in UNUSABLE {
                            start(&workload, name, value).await;
                        }
                    }
                    minutes(8).await;
                    Ok(())
                },
            )
        });
    let every = |looped, seconds| {
        checks::settings::the_loop_keeps_its_interval(looped, Duration::from_secs(seconds))
    };
    resting(scenario, 0)
        .always(where_fault_free(every("s1/retry", 90)))
        .always(where_fault_free(every("s1/processor", 20)))
        .always(checks::settings::unusable_settings_are_refused())
        .must_find(["N31", "N32"])
}

/// Starts a server with one setting, for a short time if it does start.
async fn start(workload: &Workload, name: &str, value: &str) {
    let starting = async {
        let mut config = ServerConfig::new("misconfigured", url(), "notifier:80");
        config.apply([(name.to_owned(), value.to_owned())])?;
        match time::timeout(RUNS, run_server(config)).await {
            Ok(ended) => ended.map(|()| "ended"),
            Err(_) => Ok::<_, BoxError>("runs"),
        }
    };
    let input = json!({ "name": name, "value": value });
    let _ = workload.op_or_refusal("start", input, starting, |_| true).await;
}
