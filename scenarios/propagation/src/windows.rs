//! The crash windows of a propagation, by name, with the faults that represent each: coverage goals of the target.

use chaosdrill::CoverageGoal;

pub(crate) fn all() -> [CoverageGoal; 11] {
    [
        CoverageGoal::new("W0", "around the commit of the upgrade and its row")
            .struck("sql:upgrade.commit", &["crash-before", "crash-after", "lost-ack"])
            .struck("fp:api.before_answer", &["crash-before", "crash-after"]),
        CoverageGoal::new("W1", "read, not leased")
            .struck("sql:propagation.lease", &["crash-before"])
            .struck("sql:pick.commit", &["crash-before"]),
        CoverageGoal::new("W2", "leased, not dispatched")
            .struck("fp:runner.after_pick", &["crash-before", "crash-after"])
            .struck("sql:pick.commit", &["crash-after"]),
        CoverageGoal::new("W3", "during the call to the provisioner")
            .struck("fp:provisioner.after_apply", &["crash-before", "crash-after"])
            .struck("sql:regrade.commit", &["crash-after", "lost-ack"])
            .struck("net:provisioner.regrade", &["crash-after", "lost-ack"]),
        CoverageGoal::new("W4", "dispatched, not settled")
            .struck("fp:runner.after_dispatch", &["crash-before", "crash-after"]),
        CoverageGoal::new("W5", "applied, not audited")
            .struck("sql:propagation.apply", &["crash-after"])
            .struck("sql:audit.append", &["crash-before"]),
        CoverageGoal::new("W6", "scheduled for a retry, not audited")
            .struck("sql:propagation.retry", &["crash-after"]),
        CoverageGoal::new("W7", "given up, neither audited nor counted")
            .struck("sql:propagation.fail", &["crash-after"]),
        CoverageGoal::new("W8", "a running job whose worker crashed")
            .struck("fp:worker.after_claim", &["crash-before", "crash-after"])
            .struck("sql:jobs.finish", &["crash-before"]),
        CoverageGoal::new("W9", "between two rows of a batch")
            .struck("fp:runner.after_settle", &["crash-before", "crash-after"]),
        CoverageGoal::new("W10", "settled, and the runner does not know it")
            .struck("sql:settle.commit", &["crash-after", "lost-ack"]),
    ]
}
