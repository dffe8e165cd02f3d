//! The kinds of trouble a pipeline meets, each with the faults and scenarios that cause it: coverage goals of a
//! campaign over all targets.

use chaosdrill::CoverageGoal;

pub(crate) const LIST: &str = "trouble";

pub(crate) fn all() -> Vec<CoverageGoal> {
    let parts = [from_the_input(), from_others(), from_the_stores(), from_time()];
    parts.into_iter().flatten().collect()
}

fn from_the_input() -> Vec<CoverageGoal> {
    vec![
        CoverageGoal::new("T1", "no fault, only unusual input")
            .hit("notification/missing-notifier", "a notification became undeliverable")
            .hit("outbox/ingress-answers", "a command was refused")
            .hit("propagation/labels", "metric.unexpected_skip")
            .hit("provisioning/odd-bytes", "a customer was served")
            .hit("recovery/rejected-change", "a command said schema_rejected"),
        CoverageGoal::new("T2", "end-to-end runs without prepared state")
            .hit("notification/calm", "a notification became read")
            .hit("outbox/calm", "consumer.applied")
            .hit("propagation/calm", "provisioner.answered")
            .hit("provisioning/calm", "a customer was served")
            .hit("recovery/cluster-calm", "graph.created")
            .ran("recovery/engine-calm"),
        CoverageGoal::new("T3", "unknown kinds, and different releases")
            .hit("outbox/unknown-event", "an account could not be loaded")
            .hit("propagation/unknown-kinds", "metric.unknown_kind")
            .hit("recovery/engine-newer-release", "a newer sidecar was refused")
            .hit("recovery/newer-release", "a command said recovery_sidecar_unreadable"),
    ]
}

fn from_others() -> Vec<CoverageGoal> {
    vec![
        CoverageGoal::new("T4", "a dependency that fails several times, or always")
            .hit("notification/notifier-fails-for-a-while", "notifier.refused")
            .hit("notification/notifier-always-fails", "a notification became dead")
            .hit("outbox/publish-fails-twice", "broker.refused")
            .hit("outbox/attempts-ceiling", "broker.refused")
            .hit("propagation/persistent-failure", "a row was given up")
            .hit("provisioning/backend-trouble", "backend.scripted"),
        CoverageGoal::new("T5", "a dependency that answers without doing the work")
            .hit("propagation/soft-refusals", "metric.unexpected_skip")
            .hit("provisioning/backend-trouble", "an answer was provision_failed"),
        CoverageGoal::new("T6", "a dependency that is slow")
            .hit("notification/slow-sweep", "sweep.skipped")
            .hit("propagation/slow-dispatch", "a dispatch took too long")
            .hit("provisioning/slow-provision", "an answer was provision_in_progress"),
        CoverageGoal::new("T7", "an answer that is lost after its effect").fired("lost-ack"),
        CoverageGoal::new("T8", "a host that crashes in a crash window")
            .fired("crash-before")
            .fired("crash-after"),
        CoverageGoal::new("T9", "a host that is killed at any time").fired("kill"),
        CoverageGoal::new("T10", "partitions and clogged links").fired("partition").fired("clog"),
        CoverageGoal::new("T11", "a holder that stalls past its lease and then continues")
            .hit("notification/sweep-timeout", "claim.reaped")
            .hit("outbox/lease-expiry", "an expired lease was taken over")
            .hit("propagation/late-holders", "a row was taken over")
            .hit("provisioning/stalled-handler", "a host stood still"),
        CoverageGoal::new("T12", "two actors that race for the same step")
            .hit("notification/two-servers-race", "two servers listed the same rows")
            .hit("outbox/racing-commits", "a racer was told of a conflict")
            .hit("provisioning/racing-reconcilers", "settle.lost")
            .hit("recovery/racing-appliers", "a command said locked")
            .hit("recovery/engine-racing-opens", "a recovery found its work done"),
        CoverageGoal::new("T13", "another writer between a read and its write")
            .hit("notification/requeue-races-retry", "a requeue fell into a stall")
            .hit("recovery/another-writer", "a command said state_cas_mismatch")
            .hit("recovery/source-edited", "a command said resource_content_changed"),
        CoverageGoal::new("T14", "cancellation, shutdown, or a client that disconnects")
            .hit("notification/shutdown", "a sweep was cut short by a shutdown")
            .hit("propagation/shutdown", "runner.released")
            .hit("provisioning/client-gone", "a customer came again"),
    ]
}

fn from_the_stores() -> Vec<CoverageGoal> {
    vec![
        CoverageGoal::new("T15", "a statement that fails").struck("sql:", &["error"]),
        CoverageGoal::new("T16", "a constraint violation that is not injected")
            .hit("notification/refused-row", "delivery.failed")
            .hit("outbox/read-model-failure", "a command was refused")
            .hit("outbox/permanent-error", "consumer.dead_lettered")
            .hit("propagation/unsaved-success", "a row was given up"),
        CoverageGoal::new("T17", "object storage that fails to list, delete or write")
            .struck("store:", &["error"])
            .hit("recovery/list-errors", "a command said recovery_store_error"),
        CoverageGoal::new("T18", "a database outage").fired("database-down"),
        CoverageGoal::new("T19", "torn or unreadable records")
            .hit("outbox/corrupt-row", "outbox.corrupt")
            .hit("recovery/unreadable-sidecar", "a command said recovery_sidecar_unreadable"),
        CoverageGoal::new("T20", "a restart with old data, or with an old migration")
            .ran("notification/migrations")
            .hit("provisioning/reboots", "a row became failed")
            .hit("recovery/engine-older-release", "an operation was rolled forward")
            .hit("recovery/old-ledger", "a server put a graph aside: embedding_profile_missing"),
    ]
}

fn from_time() -> Vec<CoverageGoal> {
    vec![
        CoverageGoal::new("T21", "clocks that disagree").fired("skew"),
        CoverageGoal::new("T22", "waits of minutes to days, to their end")
            .hit("notification/schedule", "a notification became dead")
            .hit("outbox/attempts-ceiling-of-crashes", "outbox.buried")
            .hit("propagation/persistent-failure", "a row was given up")
            .hit("propagation/rescue", "job.rescued")
            .hit("provisioning/sweep-and-orphans", "sweep.deleting"),
    ]
}
