//! The planted bugs, as plain data: the wrong behaviour, the right one, and the check that must detect it.

use chaosdrill_rt::defect::{Class, Defect};

/// All planted bugs, by id.
pub const DEFECTS: &[Defect] = &[
    Defect::new("O1", Class::Guard, "two writers pass the version check")
        .found_by(&["exactly_one_of_the_racers_commits"])
        .wrong("the version from before the transaction is trusted, and a taken sequence number is skipped")
        .right("the version is read again under the write lock, backed by the unique key")
        .core(),
    Defect::new("O2", Class::Guard, "an expired lease is never taken over")
        .found_by(&["every_committed_message_is_published"])
        .wrong("the end of a lease in milliseconds is compared with a clock in seconds")
        .right("both are in milliseconds")
        .core(),
    Defect::new("O3", Class::Guard, "a live lease is stolen")
        .found_by(&["one_live_holder_per_message"])
        .wrong("a message in flight can be claimed before its lease ends")
        .right("it can be claimed only after its lease has ended")
        .core(),
    Defect::new("O4", Class::Guard, "a late settle is accepted")
        .found_by(&["settle_only_by_the_current_claim"])
        .wrong("a message is settled by its id alone")
        .right("it is settled only by the worker and attempt that hold it, while the lease lasts")
        .core(),
    Defect::new("O4b", Class::Guard, "a late release is accepted")
        .found_by(&["settle_only_by_the_current_claim"])
        .wrong("a failed attempt releases its message by the id alone")
        .right("only the worker and attempt that hold the message release it, while the lease lasts"),
    Defect::new("O5", Class::Guard, "a takeover does not count as an attempt")
        .found_by(&["attempts_grow_by_one_per_claim"])
        .wrong("only the claim of a pending message counts")
        .right("every claim counts")
        .core(),
    Defect::new("O6", Class::Guard, "a message that was not published is lost")
        .found_by(&["published_means_the_broker_accepted"])
        .wrong("the broker's answer is ignored")
        .right("a message is settled as published only if the broker accepted it")
        .core(),
    Defect::new("O7", Class::Guard, "a message that is delivered twice has two effects")
        .found_by(&["effects_happen_exactly_once"])
        .wrong("the consumer ignores that the receipt already exists")
        .right("if the receipt exists, the message is acknowledged without an effect"),
    Defect::new("O7b", Class::Guard, "a message is given up because its settle failed")
        .found_by(&["every_committed_message_is_published"])
        .wrong("if the settle returns an error, the message is marked as failed")
        .right("it stays leased, and is published again after the lease ends"),
    Defect::new("O8", Class::Guard, "the read model is written outside the transaction")
        .found_by(&["commits_are_all_or_nothing"])
        .wrong("events and messages are committed before the read model is written")
        .right("all three are written in one transaction")
        .core(),
    Defect::new("O10", Class::Guard, "an unknown event is skipped in replay")
        .found_by(&["hydration_folds_every_event_or_fails", "a_refusal_names_the_event"])
        .wrong("an event of an unknown type is skipped")
        .right("the replay fails and names the event")
        .core(),
    Defect::new("O11", Class::Guard, "the queue of an account loses its order")
        .found_by(&["commits_follow_lock_grants"])
        .wrong("the turn is released before the commit")
        .right("it is held until the commit ends")
        .core(),
    Defect::new("O12", Class::Guard, "a snapshot drifts: its last event is applied twice")
        .found_by(&["snapshots_are_transparent"])
        .wrong("the replay starts at the version of the snapshot")
        .right("it starts after that version")
        .core(),
    Defect::new("O12b", Class::Guard, "a snapshot drifts: its version is older than its events")
        .found_by(&["snapshots_are_transparent"])
        .wrong("it is labelled with the version at load")
        .right("it is labelled with the version of its last event")
        .core(),
    Defect::new("O13", Class::Guard, "an account changes when it is reloaded")
        .found_by(&["reload_equals_memory"])
        .wrong("applying an event reads the clock")
        .right("an event carries its own time"),
    Defect::new("O14", Class::Hist, "a permanent error is retried forever")
        .found_by(&["permanent_errors_are_tried_once"])
        .wrong("every error of the repository counts as transient")
        .right("the kind of the error decides")
        .core(),
    Defect::new("O15", Class::Hist, "a transient error counts as permanent")
        .found_by(&["transient_errors_are_retried"])
        .wrong("serialization failures and deadlocks are permanent")
        .right("they are retried")
        .core(),
    Defect::new("O16", Class::Hist, "the ingress answers a final refusal with a status code that asks for a retry")
        .found_by(&["status_code_follows_the_error_kind"])
        .wrong("503")
        .right("422")
        .core(),
    Defect::new("O17", Class::Guard, "the limit of attempts is off by one")
        .found_by(&["attempts_stay_within_the_ceiling"])
        .wrong("a message is given up after one attempt more than the limit")
        .right("it is given up at the limit"),
    Defect::new("O17b", Class::Guard, "the limit of attempts does not count holders that crash")
        .found_by(&["attempts_stay_within_the_ceiling"])
        .wrong("an expired claim is taken over without a limit")
        .right("at the limit the message is given up"),
    Defect::new("O17c", Class::Guard, "a message is given up one attempt too early")
        .found_by(&["messages_are_given_up_only_at_the_ceiling"])
        .wrong("the last attempt within the limit is not made")
        .right("a message is given up at the limit, not before"),
    Defect::new("O18", Class::Guard, "the receipt and the effect are in different transactions")
        .found_by(&["effects_happen_exactly_once"])
        .wrong("the receipt is committed before the effect begins")
        .right("both are committed in one transaction"),
    Defect::new("O18b", Class::Guard, "a message that was already applied counts as an error")
        .found_by(&["every_accepted_message_is_acknowledged"])
        .wrong("the answer is 503, so it is delivered again forever")
        .right("it is acknowledged"),
    Defect::new("O19", Class::Hist, "a corrupt message is settled as published")
        .found_by(&["every_row_is_delivered_or_dead_lettered"])
        .wrong("a message that cannot be decoded is acknowledged")
        .right("it fails like any other message, with the reason"),
    Defect::new("O22", Class::Guard, "a command is repeated after its answer was lost")
        .found_by(&["one_command_one_effect"])
        .wrong("a command is recorded under a new id for each request")
        .right("it is recorded under the id from its sender"),
    Defect::new("O23", Class::Guard, "an insert in several statements loses a row between two statements")
        .found_by(&["commits_are_all_or_nothing", "one_command_one_effect"])
        .wrong("a full statement leaves its last row to the next one, which skips it")
        .right("each row is in exactly one statement"),
    Defect::new("O24", Class::Guard, "a database error loses its cause")
        .found_by(&["errors_keep_their_cause"])
        .wrong("it is converted to text, so transient and permanent errors look the same")
        .right("it is kept as the source, and its code decides"),
    Defect::new("O26", Class::Guard, "each claim publishes its message twice")
        .found_by(&["a_claim_publishes_once"])
        .wrong("the message is sent to the broker twice under one claim")
        .right("one claim sends its message once"),
    Defect::new("O27", Class::Guard, "a refused message is left to its lease")
        .found_by(&["every_further_attempt_has_a_reason"])
        .wrong("the refusal is not recorded, and the message waits until its lease ends")
        .right("the message is pending again at once, with the attempt counted"),
    Defect::new("O28", Class::Guard, "half of the error of a publish is stored")
        .found_by(&["errors_are_stored_whole"])
        .wrong("the error is cut in the middle")
        .right("it is stored whole"),
    Defect::new("O28b", Class::Guard, "half of the error of a dead message is stored")
        .found_by(&["errors_are_stored_whole"])
        .wrong("the consumer cuts the error in the middle")
        .right("it is stored whole"),
    Defect::new("O29", Class::Guard, "the loser of a race is refused for good")
        .found_by(&["losers_of_a_race_get_a_conflict"])
        .wrong("a writer that finds another version is told that the account is open already")
        .right("it is told of the conflict, and may try again"),
    Defect::new("O30", Class::Guard, "two openings of one account both succeed")
        .found_by(&["exactly_one_of_the_racers_commits"])
        .wrong("the version of a stream that was empty is not checked")
        .right("it is checked like any other"),
    Defect::new("O31", Class::Guard, "a violation of the unique key is a final refusal")
        .found_by(&["losers_of_a_race_get_a_conflict"])
        .wrong("it counts as a constraint that the command violates")
        .right("it is a conflict with the writer that was first"),
    Defect::new("O31b", Class::Latent, "a conflict names a version that is not in the store")
        .found_by(&["a_conflict_names_both_versions"])
        .wrong("after a violation of the unique key, the version is not read again")
        .right("the version is read on another connection"),
    Defect::new("O32", Class::Guard, "a queue that is busy is a final refusal")
        .found_by(&["status_code_follows_the_error_kind"])
        .wrong("a command that did not get its turn in time is refused for good")
        .right("it is asked to come again"),
    Defect::new("O32b", Class::Guard, "a turn that is lost is a final refusal")
        .found_by(&["status_code_follows_the_error_kind"])
        .wrong("a command that held its turn for too long is refused for good")
        .right("it is asked to come again, and then finds out whether it was committed"),
    Defect::new("O33", Class::Guard, "nothing is published on commit")
        .found_by(&["messages_are_published_on_commit"])
        .wrong("the publisher of an ingress ignores the messages of its commits")
        .right("it publishes them at once"),
    Defect::new("O34", Class::Guard, "the dispatcher does not poll")
        .found_by(&["every_committed_message_is_published"])
        .wrong("it looks for no messages")
        .right("it claims and publishes what is open"),
    Defect::new("O35", Class::Guard, "the broker forgets what it owes")
        .found_by(&["every_accepted_message_is_acknowledged"])
        .wrong("a broker that starts again delivers nothing that it accepted before")
        .right("it delivers every message until it is acknowledged"),
    Defect::new("O36", Class::Guard, "a snapshot that comes due within a commit is skipped")
        .found_by(&["snapshots_are_taken_in_time"])
        .wrong("a snapshot is taken only at a multiple of the frequency")
        .right("it is taken once enough events have come since the last"),
    Defect::new("O37", Class::Guard, "a message has no content")
        .found_by(&["messages_announce_their_events"])
        .wrong("the payload of a message is empty")
        .right("it is the payload of the event"),
    Defect::new("O38", Class::Guard, "a command that was not committed is answered with success")
        .found_by(&["answers_tell_what_is_stored"])
        .wrong("the error of the commit is ignored")
        .right("the answer is that of the commit"),
    Defect::new("O39", Class::Guard, "a command gets the answer of another one with its id")
        .found_by(&["answers_tell_what_is_stored"])
        .wrong("an id that is recorded for another account is answered with that account's success")
        .right("it is refused, because the id belongs to another command"),
    Defect::new("O40", Class::Guard, "an account that is not there yet is a final refusal")
        .found_by(&["status_code_follows_the_error_kind"])
        .wrong("a command for it is refused for good")
        .right("it is asked to come again, because the opening may be on its way"),
    Defect::new("O41", Class::Latent, "a command whose id is taken is sent again for ever")
        .found_by(&["a_taken_id_is_a_final_refusal"])
        .wrong("the unique key of the commands counts as a conflict with another writer")
        .right("it is refused for good, because the id belongs to another command"),
    Defect::new("O46", Class::Guard, "a database error has no cause")
        .found_by(&["errors_keep_their_cause"])
        .wrong("its cause is empty")
        .right("it is the code that the database returned"),
    Defect::new("O47", Class::Guard, "a body that cannot be read is asked for again")
        .found_by(&["status_code_follows_the_error_kind"])
        .wrong("a malformed command is answered as if a retry could help")
        .right("it is refused for good"),
    Defect::new("O48", Class::Guard, "a long queue refuses contenders for good")
        .found_by(&["every_contender_succeeds"])
        .wrong("a command that finds two others waiting for the account is refused for good")
        .right("it waits for its turn"),
    Defect::new("O49", Class::Guard, "an earlier attempt of the same worker settles a message")
        .found_by(&["settle_only_by_the_current_claim"])
        .wrong("a settle compares the worker, and not the attempt")
        .right("it compares both"),
    Defect::new("O50", Class::Guard, "a message is settled after the lease has ended")
        .found_by(&["settle_only_by_the_current_claim"])
        .wrong("a settle does not look at the end of the lease")
        .right("the lease must still last"),
    Defect::new("O51", Class::Guard, "a worker settles a message that another one holds")
        .found_by(&["settle_only_by_the_current_claim"])
        .wrong("a settle asks only whether somebody holds the message")
        .right("the worker itself must hold it"),
    Defect::new("O52", Class::Guard, "a message loses a field on its way to the broker")
        .found_by(&["the_broker_gets_whole_messages"])
        .wrong("the id of the command is missing in what is published")
        .right("every field of the message is published"),
    Defect::new("O53", Class::Guard, "a message has no destination")
        .found_by(&["messages_announce_their_events"])
        .wrong("the destination is left empty")
        .right("it is the one that is configured"),
    Defect::new("O54", Class::Guard, "the read model is one commit behind")
        .found_by(&["the_read_model_is_the_fold_of_its_events"])
        .wrong("the balance from before the commit is saved")
        .right("it is the balance after the commit"),
    Defect::new("O55", Class::Guard, "an account is shown with an old version")
        .found_by(&["accounts_are_shown_as_they_are"])
        .wrong("the answer has the version of the snapshot")
        .right("it has the version that was loaded"),
    Defect::new("O56", Class::Guard, "a snapshot loses a field")
        .found_by(&["snapshots_are_transparent", "reload_equals_memory"])
        .wrong("an account from a snapshot has no owner")
        .right("it has all that was saved"),
    Defect::new("O57", Class::Guard, "a withdrawal is entered as a deposit")
        .found_by(&["the_read_model_is_the_fold_of_its_events"])
        .wrong("the read model has the amount without its sign")
        .right("it has the change of the balance"),
    Defect::new("O58", Class::Guard, "an error is stored without its causes")
        .found_by(&["errors_are_stored_whole"])
        .wrong("only the outermost error is written down")
        .right("it is written down with all its causes"),
    Defect::new("O59", Class::Guard, "a message that cannot be read is published")
        .found_by(&["unreadable_messages_are_never_published"])
        .wrong("the outbox does not look at the payload")
        .right("it gives up what is not JSON"),
    Defect::new("O60", Class::Guard, "a commit waits for its publisher")
        .found_by(&["commits_do_not_wait_for_their_publisher"])
        .wrong("if the queue of the publisher is full, the commit waits until there is room")
        .right("its messages are left to the next poll"),
    Defect::new("O61", Class::Guard, "a snapshot is saved after its commit")
        .found_by(&["commits_are_all_or_nothing"])
        .wrong("the snapshot has a transaction of its own")
        .right("it is saved in the commit at which it comes due"),
    Defect::new("O62", Class::Guard, "a refused message is tried again at once")
        .found_by(&["released_messages_wait_their_time"])
        .wrong("the wait after a failed attempt is zero")
        .right("it doubles with each attempt"),
    Defect::new("O63", Class::Guard, "a message is claimed before its time")
        .found_by(&["released_messages_wait_their_time"])
        .wrong("a claim does not look at when the next attempt is due")
        .right("the wait must be over"),
    Defect::new("O64", Class::Latent, "a stream has gaps")
        .found_by(&["streams_are_gap_free"])
        .wrong("each event after the first skips a number, as a sequence of a database may")
        .right("the numbers run on"),
    Defect::new("O65", Class::Guard, "an attempt after a refusal does not count")
        .found_by(&["attempts_grow_by_one_per_claim"])
        .wrong("only the first claim and a takeover count as attempts")
        .right("every claim does"),
    Defect::new("O66", Class::Guard, "the last message of a batch is left to its lease")
        .found_by(&["every_further_attempt_has_a_reason"])
        .wrong("a pass publishes all but one of the messages that it claimed")
        .right("it publishes all"),
    Defect::new("O67", Class::Guard, "a conflict is a final refusal")
        .found_by(&["status_code_follows_the_error_kind"])
        .wrong("the loser of a race is told of the conflict, and not to come again")
        .right("it is asked to come again"),
    Defect::new("O68", Class::Guard, "the loser of a race is told that the queue is busy")
        .found_by(&["losers_of_a_race_get_a_conflict"])
        .wrong("the conflict is reported as a turn that was not granted")
        .right("it is reported as a conflict"),
    Defect::new("O69", Class::Guard, "only the first message of a commit is published on commit")
        .found_by(&["messages_are_published_on_commit"])
        .wrong("the publisher takes one message of each commit")
        .right("it takes all of them"),
    Defect::new("O70", Class::Guard, "a message that could not be put aside counts as dead-lettered")
        .found_by(&["every_row_is_delivered_or_dead_lettered"])
        .wrong("the answer says that it was given up, and nothing is stored")
        .right("it is delivered again, until its end is stored"),
    Defect::new("O71", Class::Guard, "a dispatcher rests after a full batch")
        .found_by(&["a_full_batch_is_followed_at_once"])
        .wrong("a burst is published one batch a poll")
        .right("it looks for more at once"),
];
