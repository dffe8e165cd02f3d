//! A server takes its intervals from its environment, and does not start if it cannot read one.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, time::Duration};

use chaosdrill::{Scenario, Workload, rt::time};
use chaosdrill_target_notification::{
    BoxError, ServerConfig, run_server,
    settings::{PROCESSOR_INTERVAL, RETRY_INTERVAL},
};
use serde_json::json;

use crate::{
    checks,
    checks::loops::{LoopTimes, Servers},
    clients::{create_all, minutes, moods},
    stage::{NotificationStage, SERVERS, resting_on, url, watched},
};

/// Values that name no interval, or none that a server could keep.
const UNUSABLE: [&str; 6] = ["", "0s", "-1m", "5", "soon", "999h"];

/// Values that a server can keep, and what they are in seconds.
const USABLE: [(&str, u64); 4] = [("1s", 1), ("90s", 90), ("2m", 120), ("24h", 86_400)];

/// A server whose environment sets its intervals.
const SET: Servers = Servers {
    names: &["s1"],
    processor: LoopTimes { every: Duration::from_secs(20), ..SERVERS.processor },
    retry: LoopTimes { every: Duration::from_secs(90), ..SERVERS.retry },
};

/// How long a server that should not start may run.
const RUNS: Duration = Duration::from_millis(500);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/settings")
        .claim("the intervals of a server come from its environment, and a value that cannot be used ends its start")
        .topology(|stage| {
            let set = |config: &mut ServerConfig| {
                let environment = [(RETRY_INTERVAL, "90s"), (PROCESSOR_INTERVAL, "20s")];
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
                        for (value, seconds) in USABLE {
                            apply(&workload, name, value, seconds).await;
                        }
                    }
                    minutes(8).await;
                    Ok(())
                },
            )
        });
    resting_on(SET, scenario, 0)
        .always(checks::settings::unusable_settings_are_refused())
        .always(checks::settings::usable_settings_are_applied())
        .must_find(["N31", "N32", "N67"])
}

/// Applies an environment with one setting, and with variables of others, one of which is not Unicode.
async fn apply(workload: &Workload, name: &str, value: &str, seconds: u64) {
    let environment = [
        (OsString::from("LANG"), OsString::from("C")),
        (OsString::from("OTHER"), OsString::from_vec(vec![0xff])),
        (OsString::from(name), OsString::from(value)),
    ];
    let applying = async {
        let mut config = ServerConfig::new("s2", url(), "notifier:80");
        config.apply(environment)?;
        let every =
            [(PROCESSOR_INTERVAL, config.processor.every), (RETRY_INTERVAL, config.retry.every)];
        let set = every.into_iter().find(|(known, _)| *known == name);
        Ok::<_, BoxError>(json!({ "seconds": set.map(|(_, every)| every.as_secs()) }))
    };
    let input = json!({ "name": name, "value": value, "seconds": seconds });
    let _ = workload.op_or_refusal("apply", input, applying, |_| true).await;
}

/// Starts a server with one setting, for a short time if it does start.
async fn start(workload: &Workload, name: &str, value: &str) {
    let starting = async {
        let mut config = ServerConfig::new("misconfigured", url(), "notifier:80");
        config.apply([(name, value)])?;
        match time::timeout(RUNS, run_server(config)).await {
            Ok(ended) => ended.map(|()| "ended"),
            Err(_) => Ok::<_, BoxError>("runs"),
        }
    };
    let input = json!({ "name": name, "value": value });
    let _ = workload.op_or_refusal("start", input, starting, |_| true).await;
}
