//! What the event store with an outbox promises, and which scenario and check would notice if a promise were broken.

use chaosdrill::Promise;

pub(crate) fn all() -> Vec<Promise> {
    [streams(), leases(), commits(), errors(), delivery()].concat()
}

fn streams() -> Vec<Promise> {
    vec![
        Promise::new(
            "1",
            "of N writers of one version exactly one succeeds, and each other gets a conflict",
        )
        .shown("outbox/racing-commits", "exactly_one_of_the_racers_commits")
        .shown("outbox/racing-commits", "losers_of_a_race_get_a_conflict")
        .shown("outbox/racing-commits", "all but one got a conflict"),
        Promise::new(
            "2",
            "the unique key of the events decides if two writers pass the version check",
        )
        .shown("outbox/racing-commits-without-a-lock", "losers_of_a_race_get_a_conflict")
        .shown("outbox/racing-commits-without-a-lock", "a_conflict_names_both_versions")
        .shown("outbox/ingress-answers", "status_code_follows_the_error_kind"),
        Promise::new(
            "2b",
            "the unique key of the commands decides if two accounts use one id at once: one is refused for good",
        )
        .shown("outbox/ingress-answers", "a_taken_id_is_a_final_refusal"),
        Promise::new(
            "3",
            "writers that open the same account at once race like any others, from version 0",
        )
        .shown("outbox/racing-openings", "exactly_one_of_the_racers_commits")
        .shown("outbox/racing-openings", "losers_of_a_race_get_a_conflict")
        .shown("outbox/racing-openings", "all but one got a conflict"),
        Promise::new("4", "after a race the stream runs 1, 2, 3 without a gap or a duplicate")
            .shown("outbox/racing-commits", "streams_are_gap_free"),
    ]
}

fn leases() -> Vec<Promise> {
    vec![
        Promise::new("5", "while a lease lasts, no other worker claims the message")
            .shown("outbox/lease-expiry", "one_live_holder_per_message"),
        Promise::new("6", "after a lease has ended, another worker claims the message, and the attempt counts")
            .shown("outbox/lease-expiry", "every_committed_message_is_published")
            .shown("outbox/lease-expiry", "attempts_grow_by_one_per_claim")
            .shown("outbox/lease-expiry", "an expired lease was taken over"),
        Promise::new("7", "a late completion is fenced: while another worker holds the message, while a later attempt of the same worker does, and if nobody does but the lease is over")
            .shown("outbox/lease-expiry", "settle_only_by_the_current_claim")
            .shown("outbox/lease-expiry-same-worker", "settle_only_by_the_current_claim")
            .shown("outbox/late-settles", "settle_only_by_the_current_claim")
            .shown("outbox/late-settles-same-worker", "settle_only_by_the_current_claim")
            .shown("outbox/late-settles-alone", "settle_only_by_the_current_claim"),
        Promise::new("8", "a late release and a late failure are fenced in the same way")
            .shown("outbox/late-release", "settle_only_by_the_current_claim")
            .shown("outbox/late-release", "a late release was refused")
            .shown("outbox/late-settles", "a late release was refused")
            .shown("outbox/late-settles", "a late failure was refused")
            .shown("outbox/late-settles-same-worker", "a late release was refused")
            .shown("outbox/late-settles-alone", "a late release was refused"),
        Promise::new("9", "a message is given up at the limit of attempts and not before, whether they are refused or crash")
            .shown("outbox/attempts-ceiling", "attempts_stay_within_the_ceiling")
            .shown("outbox/attempts-ceiling", "messages_are_given_up_only_at_the_ceiling")
            .shown("outbox/attempts-ceiling-of-crashes", "attempts_stay_within_the_ceiling"),
        Promise::new("10", "after each failure a message is pending again, with the attempt counted and the error stored; the third attempt succeeds")
            .shown("outbox/publish-fails-twice", "every_further_attempt_has_a_reason")
            .shown("outbox/publish-fails-twice", "attempts_grow_by_one_per_claim")
            .shown("outbox/publish-fails-twice", "errors_are_stored_whole")
            .shown("outbox/publish-fails-twice", "every_committed_message_is_published")
            .shown("outbox/publish-fails-twice", "released_messages_wait_their_time")
            .differs("a released message waits from 1 s to 30 s, so that a broker in trouble is not asked at once"),
        Promise::new("11", "the broker sees one delivery of a message, and under faults no more than there are reasons")
            .shown("outbox/calm", "a_claim_publishes_once")
            .shown("outbox/calm", "every_further_attempt_has_a_reason"),
    ]
}

fn commits() -> Vec<Promise> {
    vec![
        Promise::new("12", "if the second change of the read model fails, events, message and first change are absent")
            .shown("outbox/read-model-failure", "commits_are_all_or_nothing"),
        Promise::new("13", "a replay that meets an unknown event fails, and the error names the event")
            .shown("outbox/unknown-event", "hydration_folds_every_event_or_fails")
            .shown("outbox/unknown-event", "a_refusal_names_the_event"),
        Promise::new("14", "the commands of one account commit in the order in which their turns were granted")
            .shown("outbox/queued-repository", "commits_follow_lock_grants"),
        Promise::new("15", "all contenders for an account succeed, one after the other")
            .shown("outbox/queued-repository", "every_contender_succeeds")
            .shown("outbox/queued-repository", "several took turns"),
        Promise::new("16", "a reloaded account is the one that was in memory, in every field")
            .shown("outbox/snapshots", "reload_equals_memory"),
        Promise::new("17", "a snapshot is saved in the commit at which it comes due")
            .shown("outbox/long-commits", "snapshots_are_taken_in_time")
            .shown("outbox/long-commits", "commits_are_all_or_nothing")
            .shown("outbox/snapshots", "commits_are_all_or_nothing"),
        Promise::new("18", "an account from a snapshot equals its full replay, with a snapshot every one to seven events, for up to forty commands to two accounts")
            .shown("outbox/snapshots", "snapshots_are_transparent")
            .shown("outbox/snapshots", "an account was loaded from a snapshot"),
        Promise::new("19", "an insert that takes several statements neither loses nor repeats a row")
            .shown("outbox/long-commits", "commits_are_all_or_nothing")
            .shown("outbox/long-commits", "answers_tell_what_is_stored"),
    ]
}

fn errors() -> Vec<Promise> {
    vec![
        Promise::new("20", "a permanent error is tried once, and then dead-lettered")
            .shown("outbox/permanent-error", "permanent_errors_are_tried_once"),
        Promise::new("21", "the ingress answers 503 to what may succeed later, and 422 to what never will, such as a body that is no command")
            .shown("outbox/ingress-answers", "status_code_follows_the_error_kind")
            .shown("outbox/ingress-answers", "a malformed body was refused"),
        Promise::new("22", "serialization failures and deadlocks are retried")
            .shown("outbox/transient-errors", "transient_errors_are_retried")
            .shown("outbox/ingress-answers", "status_code_follows_the_error_kind")
            .waits_for("PostgreSQL: the codes are injected"),
        Promise::new("23", "a conflict and a missing account are retried")
            .shown("outbox/racing-commits", "status_code_follows_the_error_kind")
            .shown("outbox/ingress-answers", "status_code_follows_the_error_kind")
            .shown("outbox/ingress-answers", "an account was not there yet"),
        Promise::new("24", "a lock that others hold for too long is retried, as is one that is lost")
            .shown("outbox/busy-queue", "status_code_follows_the_error_kind")
            .shown("outbox/busy-queue", "a sender did not get its turn")
            .shown("outbox/lost-turn", "status_code_follows_the_error_kind")
            .shown("outbox/lost-turn", "a turn was lost")
            .differs("the queue of an account is within one process, so a turn cannot fail to be acquired or released"),
        Promise::new("25", "an error keeps its cause, whose code decides, and every refusal has one")
            .shown("outbox/transient-errors", "errors_keep_their_cause")
            .shown("outbox/ingress-answers", "errors_keep_their_cause"),
    ]
}

fn delivery() -> Vec<Promise> {
    vec![
        Promise::new("26", "all messages of a commit are published on commit, without waiting for a poll; the commit does not wait for them, and a poll finds what was not published")
            .shown("outbox/publish-on-commit", "messages_are_published_on_commit")
            .shown("outbox/publish-on-commit-burst", "commits_do_not_wait_for_their_publisher")
            .shown("outbox/publish-on-commit-crash", "every_committed_message_is_published"),
        Promise::new("27", "a message that is delivered again is applied once, and acknowledged")
            .shown("outbox/crash-after-publish", "effects_happen_exactly_once")
            .shown("outbox/crash-after-publish", "every_accepted_message_is_acknowledged"),
        Promise::new("28", "a message that cannot be read is given up with its whole error, and never acknowledged")
            .shown("outbox/corrupt-row", "every_row_is_delivered_or_dead_lettered")
            .shown("outbox/corrupt-row", "unreadable_messages_are_never_published")
            .shown("outbox/corrupt-row", "errors_are_stored_whole"),
        Promise::new("29", "a command whose commit lost its answer has one effect, and its sender gets the success")
            .shown("outbox/commit-ack-lost", "one_command_one_effect")
            .shown("outbox/commit-ack-lost", "answers_tell_what_is_stored"),
        Promise::new("30", "what is answered with success is stored by then, and what is refused is not")
            .shown("outbox/ingress-answers", "answers_tell_what_is_stored"),
        Promise::new("31", "a message has the content of the event that it announces, in the outbox and when the broker gets it")
            .shown("outbox/calm", "messages_announce_their_events")
            .shown("outbox/calm", "the_broker_gets_whole_messages"),
        Promise::new("32", "a command under an id that belongs to another account's command is refused")
            .shown("outbox/ingress-answers", "answers_tell_what_is_stored"),
        Promise::new("33", "the read model, and the answer to who asks for an account, are what its events make")
            .shown("outbox/calm", "the_read_model_is_the_fold_of_its_events")
            .shown("outbox/snapshots", "the_read_model_is_the_fold_of_its_events")
            .shown("outbox/snapshots", "accounts_are_shown_as_they_are"),
    ]
}
