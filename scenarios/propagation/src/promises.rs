//! What the system promises that this target was written after, and where each promise is shown.

use chaosdrill::Promise;

/// All promises: of skips, failures and kinds, of jobs and leases, of audits and the database, and of its neighbours.
pub(crate) fn all() -> Vec<Promise> {
    [of_skips(), of_failures(), of_kinds(), of_jobs(), of_rows(), of_others()].concat()
}

fn of_skips() -> Vec<Promise> {
    vec![
        Promise::new(
            "1",
            "applied means that each resource was changed, or skipped for an accepted reason",
        )
        .shown("propagation/soft-refusals", "applied_means_the_world_agrees"),
        Promise::new(
            "2",
            "the accepted reasons are a short list, and no known failure is among them",
        )
        .shown("propagation/soft-refusals", "applied_means_the_world_agrees"),
        Promise::new(
            "3",
            "an unexpected skip is retried on the schedule, and given up at the limit",
        )
        .shown("propagation/persistent-failure", "a_row_at_the_ceiling_is_at_rest"),
        Promise::new("4", "an unexpected skip has an audit kind of its own")
            .shown("propagation/soft-refusals", "audits_agree_with_states"),
        Promise::new("5", "the reasons of skips are counted under a few fixed labels")
            .shown("propagation/labels", "labels_stay_within_their_set"),
        Promise::new(
            "6",
            "unexpected_skip_total counts each skipped resource by kind, resource type and reason",
        )
        .shown("propagation/soft-refusals", "leading_indicators_are_exact")
        .shown("propagation/labels", "leading_indicators_are_exact"),
    ]
}

fn of_failures() -> Vec<Promise> {
    vec![
        Promise::new("7", "after each failure the next attempt is due as the schedule says")
            .shown("propagation/persistent-failure", "retries_keep_the_schedule"),
        Promise::new("8", "the tenth failure is the last, and no row is given up before")
            .shown("propagation/persistent-failure", "rows_fail_at_the_ceiling_only")
            .shown("propagation/persistent-failure", "attempts_stay_within_the_ceiling"),
        Promise::new(
            "9",
            "dead_lettered_total counts each row that is given up, once, by kind and reason",
        )
        .shown("propagation/persistent-failure", "dead_letters_are_counted_once"),
        Promise::new(
            "10",
            "every five minutes the reconciler updates what has no open propagation, 30 s a call",
        )
        .shown("propagation/backstop", "drift_is_seen_within_a_period")
        .shown("propagation/backstop", "every_resource_has_what_was_sold")
        .shown("propagation/backstop", "reconcilers_keep_their_period")
        .shown("propagation/backstop", "calls_of_the_reconciler_are_short")
        .shown("propagation/backstop-turns", "drift_is_seen_within_a_period")
        .shown("propagation/backstop-turns", "rounds_are_bounded")
        .shown("propagation/failed-round", "drift_is_seen_within_a_period")
        .differs("a round is drilled with a maximum of two resources, not 200: runs stay short")
        .differs(
            "a worker whose slots are both busy with dispatches begins no round until one ends",
        ),
        Promise::new(
            "11",
            "the documented time until a row is given up is the sum of the schedule",
        )
        .shown_statically("the_documented_total_is_computed"),
    ]
}

fn of_kinds() -> Vec<Promise> {
    vec![
        Promise::new("12", "a row of an unknown kind is retried, and not skipped")
            .shown("propagation/unknown-kinds", "what_is_picked_is_settled"),
        Promise::new(
            "13",
            "a row of an unknown kind is given up at the same limit as others, and not before",
        )
        .shown("propagation/unknown-kinds", "a_row_at_the_ceiling_is_at_rest")
        .shown("propagation/unknown-kinds", "rows_fail_at_the_ceiling_only"),
        Promise::new("14", "its end has an audit kind and a reason of its own")
            .shown("propagation/unknown-kinds", "audits_agree_with_states")
            .shown("propagation/unknown-kinds", "dead_letters_are_counted_once"),
        Promise::new("15", "a kind from outside never becomes a label")
            .shown("propagation/labels", "labels_stay_within_their_set"),
        Promise::new(
            "16",
            "unknown_kind_total counts each attempt: a missing handler is seen at once",
        )
        .shown("propagation/roll-out", "leading_indicators_are_exact")
        .shown("propagation/unknown-kinds", "leading_indicators_are_exact"),
        Promise::new("17", "a new kind is retried by older workers until a newer one arrives")
            .shown("propagation/roll-out", "every_upgrade_is_applied")
            .shown("propagation/roll-out", "a new kind was applied"),
        Promise::new("18", "a success that cannot be stored is bounded like a failure")
            .shown("propagation/unsaved-success", "a_row_at_the_ceiling_is_at_rest")
            .shown("propagation/unsaved-twenty-times", "calls_have_their_reason")
            .shown("propagation/unsaved-twenty-times", "a row was given up over its dispatches")
            .differs(
                "a transient error uses up no attempt; twenty dispatches bound it, as max_picks",
            ),
        Promise::new(
            "19",
            "every row that is given up has its audit, with attempts, age, reason and error",
        )
        .shown("propagation/crash-after-death", "audits_agree_with_states")
        .shown("propagation/crash-after-settle", "audits_agree_with_states")
        .shown("propagation/persistent-failure", "audits_have_content")
        .shown("propagation/persistent-failure", "errors_tell_what_was_answered"),
    ]
}

fn of_jobs() -> Vec<Promise> {
    vec![
        Promise::new("20", "a job whose worker was killed runs again within 25 minutes and a scan")
            .shown("propagation/rescue", "stuck_jobs_are_rescued_in_time"),
        Promise::new("21", "a slow job is not rescued: the rescue comes after the timeout of jobs")
            .shown("propagation/slow-job", "one_live_execution_per_job"),
        Promise::new(
            "22",
            "what is done again after a rescue has one effect for each generation of a resource",
        )
        .shown("propagation/crash-during-call", "one_change_per_generation")
        .shown("propagation/rescue", "one_change_per_generation")
        .shown("propagation/backstop", "every_resource_has_what_was_sold"),
        Promise::new("23", "a worker reports at its start after which time it rescues jobs")
            .shown("propagation/rescue", "the_rescue_is_pinned")
            .differs(
                "it is an observation with the numbers as members; logs are no part of a trace yet",
            ),
        Promise::new("23b", "jobs that are over are deleted after an hour, and not before")
            .shown("propagation/old-jobs", "finished_jobs_are_forgotten"),
    ]
}

fn of_rows() -> Vec<Promise> {
    vec![
        Promise::new("24", "a row whose holder died is picked again after its lease of five minutes, and not before")
            .shown("propagation/crash-after-pick", "picks_are_a_lease_apart"),
        Promise::new("25", "a dispatch ends before the lease of its row does")
            .shown("propagation/slow-dispatch", "dispatches_end_with_their_lease"),
        Promise::new("26", "a row that is applied or given up stays so, and a late holder changes nothing")
            .shown("propagation/late-holders", "terminal_is_final")
            .shown("propagation/late-holders", "only_the_holder_settles"),
        Promise::new("27", "a row that always crashes its runner is given up after twenty dispatches")
            .shown("propagation/poison-row", "effects_stay_within_the_bound"),
        Promise::new("28", "two runners never dispatch one row at once")
            .shown("propagation/racing-runners", "holders_do_not_overlap"),
        Promise::new("28b", "a runner takes at most a batch of rows at once")
            .shown("propagation/labels", "batches_are_bounded")
            .differs("it is drilled with a batch of ten rows, not fifty: runs stay short"),
        Promise::new("29", "a live database lets one of two pickers that read at once have a row")
            .shown("propagation/racing-runners", "holders_do_not_overlap")
            .waits_for("PostgreSQL: SQLite has no SKIP LOCKED; the pick locks the whole database"),
        Promise::new("30", "the kinds that the schema declares are those that have a handler")
            .shown("propagation/roll-out", "every_declared_kind_is_handled")
            .shown("propagation/calm", "every_declared_kind_is_handled"),
        Promise::new("31", "a row of a team that is not there is harmless")
            .differs("such a row cannot exist: a foreign key refuses it, and no team is deleted"),
        Promise::new("32", "a stored error is short, and contains no URL and no password")
            .shown("propagation/soft-refusals", "errors_are_short_and_without_secrets"),
        Promise::new("33", "a row that was given up is tried again if, and only if, an operator asks for it")
            .shown("propagation/operator-requeue", "terminal_is_final")
            .shown("propagation/operator-requeue", "acknowledged_means_stored")
            .shown("propagation/operator-requeue", "refused_means_not_stored"),
    ]
}

fn of_others() -> Vec<Promise> {
    vec![
        Promise::new("34", "an upgrade is acknowledged with all its parts, or not at all")
            .shown("propagation/crash-around-upgrade", "every_upgrade_is_enqueued")
            .shown("propagation/calm", "acknowledged_means_stored"),
        Promise::new(
            "34b",
            "a new team is acknowledged at its tier, or refused with the tier that is stored",
        )
        .shown("propagation/calm", "team_answers_fit_what_is_stored")
        .shown("propagation/calm", "another tier was reported"),
        Promise::new("35", "the interval of the runner is a setting of its environment")
            .shown("propagation/settings", "runners_keep_their_tick")
            .shown("propagation/settings", "bad_settings_are_refused")
            .differs("a bad value is refused at the start, and not replaced by the default"),
        Promise::new(
            "36",
            "the provisioner is called once for each dispatch, and each dispatch has a reason",
        )
        .shown("propagation/calm", "calls_have_their_reason")
        .shown("propagation/late-holders", "calls_have_their_reason"),
        Promise::new("37", "leases and waits use one clock")
            .shown("propagation/clock-skew", "stored_times_are_the_database_s"),
        Promise::new(
            "38",
            "a worker that is stopped gives its rows back without using up an attempt",
        )
        .shown("propagation/shutdown", "cancelled_work_uses_no_attempt")
        .shown("propagation/shutdown", "what_is_picked_is_settled"),
        Promise::new("39", "a row that cannot be settled delays no other row of its batch")
            .shown("propagation/one-bad-row", "what_is_picked_is_settled"),
        Promise::new("40", "every type of resource is either regraded or excluded by name")
            .shown("propagation/calm", "applied_means_the_world_agrees")
            .shown("propagation/unknown-types", "applied_means_the_world_agrees"),
    ]
}
