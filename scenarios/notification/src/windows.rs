//! The crash windows of a notification, by name, with the faults that represent each: coverage goals of the target.

use chaosdrill::CoverageGoal;

pub(crate) fn all() -> [CoverageGoal; 8] {
    [
        CoverageGoal::new("W1", "listed, not sent")
            .struck("fp:sweep.after_list", &["crash-before", "crash-after"])
            .struck("fp:delivery.after_claim", &["crash-before", "crash-after"])
            .struck("sql:notifications.claim", &["crash-after"]),
        CoverageGoal::new("W2", "sent, not stored as sent")
            .struck("fp:delivery.after_send", &["crash-before", "crash-after"])
            .struck("sql:notifications.sent", &["crash-before"])
            .struck("net:notifier.reply", &["crash-after", "lost-ack"])
            .struck("fp:notifier.after_accept", &["crash-before", "crash-after"]),
        CoverageGoal::new("W3", "refused, not stored as failed")
            .struck("sql:notifications.failed", &["crash-before", "error"])
            .hit("notification/crash-after-failure", "a host went down"),
        CoverageGoal::new("W4", "a sweep reaches its timeout before its end")
            .hit("notification/slow-sweep", "sweep.left")
            .hit("notification/sweep-timeout", "claim.reaped"),
        CoverageGoal::new("W5", "requeued between the listing and the settle")
            .hit("notification/requeue-races-retry", "a requeue fell into a stall"),
        CoverageGoal::new("W6", "two servers list the same rows")
            .hit("notification/two-servers-race", "two servers listed the same rows"),
        CoverageGoal::new("W7", "shut down during a sweep")
            .hit("notification/shutdown", "a sweep was cut short by a shutdown"),
        CoverageGoal::new("W8", "a migration that stopped halfway, or is applied again")
            .struck("sql:migrate.apply.2", &["crash-before", "crash-after", "lost-ack"])
            .ran("notification/migrations"),
    ]
}
