//! Rows that the database refuses to change delay no other row, and are not sent forever.

use std::time::Duration;

use chaosdrill::Scenario;
use chaosdrill_scenarios_common::checks::fault_free::where_fault_free;
use chaosdrill_target_notification::Channel;

use crate::{
    checks,
    clients::{administer, create, create_all, execute, minutes, notification},
    stage::{NotificationStage, resting, watched},
};

pub(crate) fn of_everything() -> Scenario {
    let scenario = Scenario::new("notification/refused-row")
        .claim(
            "a notification that the database refuses to change does not delay the notifications behind it",
        )
        .topology(|stage| {
            watched(stage.pipeline()).client("administrator", |workload| async move {
                let held = notification("held", Channel::Email, "calm");
                create(&workload, &held).await;
                let pool = administer().await;
                execute(
                    &pool,
                    "CREATE TRIGGER IF NOT EXISTS hold BEFORE UPDATE ON notification_events \
                     WHEN NEW.id LIKE 'held%' BEGIN SELECT RAISE(ABORT, 'it is on hold'); END",
                )
                .await;
                for round in ["a", "b", "c"] {
                    create_all(&workload, round, &["calm", "refused once", "calm"]).await;
                    minutes(4).await;
                }
                execute(&pool, "DROP TRIGGER IF EXISTS hold").await;
                Ok(())
            })
        })
        .chaos_at_most(Duration::from_secs(30 * 60))
        .sometimes(chaosdrill::Mark::observed("delivery.failed"))
        .must_find(["N9"]);
    let starves = checks::order::nobody_starves(Duration::from_secs(3 * 60), "held");
    resting(scenario, 0).always(where_fault_free(starves))
}

pub(crate) fn of_success() -> Scenario {
    let scenario = Scenario::new("notification/sent-but-not-written-down")
        .claim("a notification that is sent but cannot be marked as sent is not sent more often than its budget allows")
        .topology(|stage| {
            watched(stage.pipeline()).client("administrator", |workload| async move {
                let pool = administer().await;
                execute(
                    &pool,
                    "CREATE TRIGGER IF NOT EXISTS unwritten BEFORE UPDATE ON notification_events \
                     WHEN NEW.id LIKE 'unwritten%' AND NEW.status = 'sent' \
                     BEGIN SELECT RAISE(ABORT, 'that cannot be'); END",
                )
                .await;
                create_all(&workload, "unwritten", &["calm", "refused once"]).await;
                create_all(&workload, "written", &["calm", "calm"]).await;
                minutes(50).await;
                execute(&pool, "DROP TRIGGER IF EXISTS unwritten").await;
                Ok(())
            })
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(checks::marks::a_notification_was_delivered_again())
        .must_find(["N13"]);
    resting(scenario, 0)
}
