//! The crash windows of an outbox, by name, with the faults that represent each: coverage goals of the target.

use chaosdrill::CoverageGoal;

pub(crate) fn all() -> [CoverageGoal; 8] {
    [
        CoverageGoal::new("W1", "before the commit").struck("sql:commit.commit", &["crash-before"]),
        CoverageGoal::new("W2", "committed, but the commit's answer is lost")
            .struck("sql:commit.commit", &["crash-after", "lost-ack"]),
        CoverageGoal::new(
            "W3",
            "committed, before the answer to the sender and before any dispatch",
        )
        .struck("fp:ingress.before_answer", &[])
        .struck("net:ingress.reply", &["crash-before", "crash-after", "lost-ack"]),
        CoverageGoal::new("W4", "claimed, not published")
            .struck("fp:outbox.after_claim", &["crash-before", "crash-after"])
            .struck("sql:outbox.claim", &["crash-after"]),
        CoverageGoal::new("W5", "published, not settled")
            .struck("fp:outbox.after_publish", &["crash-before", "crash-after"])
            .struck("net:bus.publish", &["lost-ack"])
            .struck("net:bus.reply", &["crash-after", "lost-ack"])
            .struck("fp:broker.after_accept", &["crash-before", "crash-after"]),
        CoverageGoal::new("W6", "one message settled, before the next message of the batch")
            .struck("fp:outbox.after_settle", &["crash-before", "crash-after"])
            .struck("sql:outbox.complete", &["crash-after"]),
        CoverageGoal::new("W7", "a holder that stalls for longer than its lease")
            .struck("fp:outbox.after_claim", &["stall"])
            .struck("fp:outbox.after_publish", &["stall"])
            .struck("net:bus.publish", &["stall"]),
        CoverageGoal::new("W8", "the consumer's effect is done, its receipt is not committed")
            .struck("fp:consumer.after_effect", &["crash-before", "crash-after"])
            .struck("sql:consume.commit", &["crash-after", "lost-ack"]),
    ]
}
