//! A notification for a channel without a notifier becomes undeliverable, with the reason, and is never marked as sent.

use std::time::Duration;

use chaosdrill::Scenario;
use chaosdrill_scenarios_common::checks::fault_free::where_fault_free;
use chaosdrill_target_notification::{Channel, ServerConfig};

use crate::{
    checks,
    clients::{create, minutes, notification},
    stage::{NotificationStage, resting, watched},
};

/// The channels that are not set up.
const MISSING: [Channel; 2] = [Channel::Teams, Channel::OpsGenie];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/missing-notifier")
        .claim("a notification whose channel has no notifier becomes undeliverable at once, with the reason, and is never sent")
        .topology(|stage| {
            let lacking = |config: &mut ServerConfig| {
                MISSING.iter().for_each(|channel| drop(config.notifiers.remove(channel)));
            };
            let stage = stage.api().notifier().server("s1", lacking).server("s2", lacking);
            watched(stage).client("sender", |workload| async move {
                for round in ["a", "b"] {
                    for channel in Channel::ALL {
                        let id = format!("{round}-{}", channel.name());
                        create(&workload, &notification(&id, channel, "calm")).await;
                    }
                    minutes(4).await;
                }
                Ok(())
            })
        })
        .linger(Duration::from_secs(3 * 60))
        .sometimes(checks::marks::a_notification_became("undeliverable"))
        .must_find(["N10", "N10b"]);
    let at_once = checks::delivery::missing_notifiers_are_told_at_once(&["teams", "opsgenie"]);
    resting(scenario, 0).always(where_fault_free(at_once))
}
