//! The crash windows of a propagation, by name, with the faults that represent each: coverage goals of the target.

use chaosdrill::CoverageGoal;

pub(crate) fn all() -> [CoverageGoal; 10] {
    [
        CoverageGoal::new("W0", "around the commit of the upgrade and its row")
            .struck("sql:upgrade.commit", &["crash-before", "crash-after", "lost-ack"])
            .struck("fp:api.before_answer", &["crash-before", "crash-after"]),
        CoverageGoal::new("W1", "looked, and not leased")
            .struck("sql:propagation.lease", &["crash-before"])
            .struck("sql:pick.commit", &["crash-before"]),
        CoverageGoal::new("W2", "leased, and not dispatched")
            .struck("fp:runner.after_pick", &["crash-before", "crash-after"])
            .struck("sql:pick.commit", &["crash-after"]),
        CoverageGoal::new("W3", "in the middle of the provisioner's call")
            .struck("fp:provisioner.after_apply", &["crash-before", "crash-after"])
            .struck("sql:regrade.commit", &["crash-after", "lost-ack"])
            .struck("net:provisioner.regrade", &["crash-after", "lost-ack"]),
        CoverageGoal::new("W4", "dispatched, and not settled")
            .struck("fp:runner.after_dispatch", &["crash-before", "crash-after"]),
        CoverageGoal::new("W5", "applied, and not audited")
            .struck("sql:propagation.apply", &["crash-after"])
            .struck("sql:audit.append", &["crash-before"]),
        CoverageGoal::new("W6", "put off, and not audited")
            .struck("sql:propagation.retry", &["crash-after"]),
        CoverageGoal::new("W7", "given up, and neither audited nor counted")
            .struck("sql:propagation.fail", &["crash-after"]),
        CoverageGoal::new("W8", "a job that runs, and whose worker is gone")
            .struck("fp:worker.after_claim", &["crash-before", "crash-after"])
            .struck("sql:jobs.finish", &["crash-before"]),
        CoverageGoal::new("W9", "between two rows of a batch")
            .struck("fp:runner.after_settle", &["crash-before", "crash-after"]),
    ]
}
