//! The crash windows of a provision, by name, with the faults that represent each: coverage goals of the target.

use chaosdrill::CoverageGoal;

pub(crate) fn all() -> [CoverageGoal; 13] {
    [
        CoverageGoal::new("W1", "after the row is written, before the backend is called")
            .struck("fp:handler.row_created", &["crash-before", "crash-after"])
            .struck("sql:provision.commit", &["crash-after", "lost-ack"]),
        CoverageGoal::new("W2", "the object exists, the reply is lost")
            .struck("fp:backend.object_made", &["crash-before", "crash-after"])
            .struck("net:backend.reply", &["crash-after", "lost-ack"])
            .struck("net:backend.create", &["crash-after", "lost-ack"]),
        CoverageGoal::new("W3", "the object exists, nothing is stored about it")
            .struck("fp:finalize.begins", &["crash-before", "crash-after"])
            .struck("fp:finalize.prefix_stored", &["crash-before", "crash-after"]),
        CoverageGoal::new("W4", "between storing the URL and storing the provider's id")
            .struck("fp:finalize.url_stored", &["crash-before", "crash-after"]),
        CoverageGoal::new("W5", "between storing the provider's id and the status active")
            .struck("fp:finalize.provider_stored", &["crash-before", "crash-after"]),
        CoverageGoal::new("W6", "active, before the answer 201")
            .struck("fp:handler.before_answer", &["crash-before", "crash-after"])
            .struck("sql:resources.activate", &["crash-after", "lost-ack"]),
        CoverageGoal::new("W7", "failed, before the rollback")
            .struck("fp:rollback.begins", &["crash-before", "crash-after"]),
        CoverageGoal::new("W8", "the object is deleted, the row is still pending")
            .struck("fp:rollback.cleaned_up", &["crash-before", "crash-after"]),
        CoverageGoal::new("W9", "the row has failed, the audit is missing")
            .struck("fp:rollback.settled", &["crash-before", "crash-after"]),
        CoverageGoal::new("W10", "the client disconnects, anywhere in W3 to W9")
            .hit("provisioning/client-gone", "a customer came again"),
        CoverageGoal::new("reconciler", "between the reconciler's decision and its action")
            .struck("fp:reconciler.decided", &[])
            .struck("fp:reconciler.taken_over", &[]),
        CoverageGoal::new("sweep", "between the sweep's listing and its deletions")
            .struck("fp:sweep.listed", &[]),
        CoverageGoal::new(
            "reaper",
            "between the reaper's deletion of the object and its write of the row",
        )
        .struck("fp:reaper.torn_down", &["crash-before", "crash-after"]),
    ]
}
