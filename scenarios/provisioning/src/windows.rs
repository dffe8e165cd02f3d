//! The crash windows of a provision, by name, with the faults that represent each: coverage goals of the target.

use chaosdrill::CoverageGoal;

pub(crate) fn all() -> [CoverageGoal; 13] {
    [
        CoverageGoal::new("W1", "after the row, before the backend is asked")
            .struck("fp:handler.row_created", &["crash-before", "crash-after"])
            .struck("sql:provision.commit", &["crash-after", "lost-ack"]),
        CoverageGoal::new("W2", "made, and the reply lost")
            .struck("fp:backend.object_made", &["crash-before", "crash-after"])
            .struck("net:backend.reply", &["crash-after", "lost-ack"])
            .struck("net:backend.create", &["crash-after", "lost-ack"]),
        CoverageGoal::new("W3", "made, and nothing stored")
            .struck("fp:finalize.begins", &["crash-before", "crash-after"])
            .struck("fp:finalize.prefix_stored", &["crash-before", "crash-after"]),
        CoverageGoal::new("W4", "between the URL and the provider's id")
            .struck("fp:finalize.url_stored", &["crash-before", "crash-after"]),
        CoverageGoal::new("W5", "between the provider's id and active")
            .struck("fp:finalize.provider_stored", &["crash-before", "crash-after"]),
        CoverageGoal::new("W6", "active, before the 201")
            .struck("fp:handler.before_answer", &["crash-before", "crash-after"])
            .struck("sql:resources.activate", &["crash-after", "lost-ack"]),
        CoverageGoal::new("W7", "failed, and nothing undone")
            .struck("fp:rollback.begins", &["crash-before", "crash-after"]),
        CoverageGoal::new("W8", "object gone, row still pending")
            .struck("fp:rollback.cleaned_up", &["crash-before", "crash-after"]),
        CoverageGoal::new("W9", "row failed, and no audit")
            .struck("fp:rollback.settled", &["crash-before", "crash-after"]),
        CoverageGoal::new("W10", "the client is gone, anywhere in W3 to W9")
            .hit("provisioning/client-gone", "a customer came again"),
        CoverageGoal::new("reconciler", "between its judgement and its act")
            .struck("fp:reconciler.decided", &[])
            .struck("fp:reconciler.taken_over", &[]),
        CoverageGoal::new("sweep", "between its list and its deletions")
            .struck("fp:sweep.listed", &[]),
        CoverageGoal::new("reaper", "between the teardown and the row")
            .struck("fp:reaper.torn_down", &["crash-before", "crash-after"]),
    ]
}
