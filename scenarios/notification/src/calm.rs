//! Without faults every notification of every channel is delivered once.

use std::time::Duration;

use chaosdrill::Scenario;
use chaosdrill_scenarios_common::checks::{bounds, fault_free::where_fault_free};
use chaosdrill_target_notification::Channel;

use crate::{
    checks,
    clients::{create, ids_of, look, mark_read, minutes, notification},
    stage::{NotificationStage, resting, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/calm")
        .claim("without faults, a notification on each channel is delivered once and can be read")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                for channel in Channel::ALL {
                    create(&workload, &notification(channel.name(), channel, "calm")).await;
                }
                // A repeated request refers to the same notification.
                create(&workload, &notification("email", Channel::Email, "calm")).await;
                minutes(3).await;
                look(&workload).await;
                for id in ids_of(&workload, "sent").await {
                    mark_read(&workload, &id).await;
                }
                look(&workload).await;
                Ok(())
            })
        })
        .linger(Duration::from_secs(5 * 60))
        .sometimes(checks::marks::a_notification_became("read"));
    let once = bounds::effects_stay_within_the_bound("notifier.accepted", "notification", 1);
    resting(scenario, 0)
        .must_find(["N28", "N30", "N61", "N62", "N65"])
        .always(where_fault_free(once))
}
