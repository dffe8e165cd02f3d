//! The crash windows of a notification, by name, with the faults that represent each: coverage goals of the target.

use chaosdrill::CoverageGoal;

pub(crate) fn all() -> [CoverageGoal; 8] {
    [
        CoverageGoal::new("W1", "listed, and not sent")
            .struck("fp:sweep.after_list", &["crash-before", "crash-after"])
            .struck("fp:delivery.after_claim", &["crash-before", "crash-after"])
            .struck("sql:notifications.claim", &["crash-after"]),
        CoverageGoal::new("W2", "sent, and not written down")
            .struck("fp:delivery.after_send", &["crash-before", "crash-after"])
            .struck("sql:notifications.sent", &["crash-before"])
            .struck("net:notifier.reply", &["crash-after", "lost-ack"])
            .struck("fp:notifier.after_accept", &["crash-before", "crash-after"]),
        CoverageGoal::new("W3", "refused, and not written down")
            .struck("sql:notifications.failed", &["crash-before", "error"])
            .hit("notification/crash-after-failure", "a host went down"),
        CoverageGoal::new("W4", "the time of a sweep is over in its middle")
            .hit("notification/slow-sweep", "sweep.left")
            .hit("notification/sweep-timeout", "claim.reaped"),
        CoverageGoal::new("W5", "requeued between the list and the settle")
            .hit("notification/requeue-races-retry", "a requeue fell into a stall"),
        CoverageGoal::new("W6", "two servers list the same rows")
            .hit("notification/two-servers-race", "two servers listed the same rows"),
        CoverageGoal::new("W7", "shut down in the middle of a sweep")
            .hit("notification/shutdown", "a sweep was cut short by a shutdown"),
        CoverageGoal::new("W8", "a migration that came halfway, or is applied again")
            .struck("sql:migrate.apply.2", &["crash-before", "crash-after", "lost-ack"])
            .ran("notification/migrations"),
    ]
}
