//! If the answer to a delivery is lost, the notification is sent again, but not forever.

use std::time::Duration;

use chaosdrill::{Scenario, fault::at};

use crate::{
    checks,
    clients::{create_all, minutes, moods},
    stage::{NotificationStage, resting, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/ack-lost")
        .claim("a notification whose delivery or settle has no answer is delivered again within its budget, and reaches a final status")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                let known = &["calm", "denied once", "refused once"];
                let mut all = vec!["refused once", "denied once", "refused once"];
                all.extend(moods(&workload, known, 5));
                create_all(&workload, "n", &all).await;
                minutes(8).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let sites = ["net:notifier.reply", "sql:notifications.sent", "sql:notifications.failed", "sql:notifications.claim"];
            let mut faults = Vec::new();
            for site in sites {
                faults.push(at(site).on_any().hit(stream.between(1, 3) as u32).lost_ack());
            }
            faults
        })
        .chaos_at_most(Duration::from_secs(40 * 60))
        .sometimes(checks::marks::a_notification_was_delivered_again());
    resting(scenario, 0)
}
