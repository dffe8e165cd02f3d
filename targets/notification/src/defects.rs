//! The planted bugs, as plain data: the wrong behaviour, the right one, and the check that must detect it.

use chaosdrill_rt::defect::{Class, Defect, Shows};

/// All planted bugs, by id.
pub const DEFECTS: &[Defect] = &[
    Defect::new("N1", Class::Hist, "a failed notification is never retried")
        .found_by(&["every_item_comes_to_rest"])
    .wrong("the retry loop delivers nothing")
    .right("it delivers failed notifications that are due")
    .core(),
    Defect::new("N2", Class::Latent, "the first failure schedules no retry")
        .found_by(&["only_failed_rows_are_scheduled"])
    .wrong("a failure is stored without the time of the next try")
    .right("the same statement stores both"),
    Defect::new("N3", Class::Hist, "there is no dead letter: a notification is retried forever")
        .found_by(&["attempts_stay_within_the_ceiling"])
    .wrong("no failure is the last one")
    .right("after the fifth failure the notification is dead")
    .core(),
    Defect::new("N3b", Class::Hist, "there is no dead letter: a notification stays failed forever")
        .found_by(&["every_item_comes_to_rest"])
    .wrong("after five failures there are no more retries, and the status stays failed")
    .right("after the fifth failure the notification is dead")
    .core(),
    Defect::new("N4", Class::Guard, "a dead notification still has a next try")
        .found_by(&["only_failed_rows_are_scheduled"])
    .wrong("a dead notification is scheduled")
    .right("it is not scheduled")
    .core(),
    Defect::new("N5", Class::Guard, "the wait before a retry is one doubling too long")
        .found_by(&["retries_keep_the_schedule"])
    .wrong("two to the power of all failures, including this one")
    .right("two to the power of the failures before this one")
    .core(),
    Defect::new("N5b", Class::Guard, "the wait overflows if the retry budget is raised")
        .found_by(&["retries_keep_the_schedule"])
    .wrong("32 bits of milliseconds: the wait becomes negative and escapes the cap")
    .right("64 bits, and no more doublings than an hour needs")
    .core(),
    Defect::new("N5c", Class::Guard, "the wait has no upper bound")
        .found_by(&["retries_keep_the_schedule"])
        .wrong("it doubles forever")
        .right("it is capped at one hour")
        .core(),
    Defect::new("N6", Class::Guard, "a success erases the number of failures")
        .found_by(&["retry_count_tells_the_failures"])
    .wrong("a success resets the count to 0")
    .right("the count is kept")
    .core(),
    Defect::new("N8", Class::Guard, "a listing that failed halfway is used")
        .found_by(&["nothing_is_sent_after_a_failed_list"])
    .wrong("the pages before the error are delivered")
    .right("nothing is delivered, and the sweep fails"),
    Defect::new("N9", Class::Guard, "one bad row stops the sweep")
        .found_by(&["nobody_starves"])
        .wrong("a sweep ends at the first row that returns an error")
        .right("it continues with the next row"),
    Defect::new("N10", Class::Latent, "a notification without a notifier counts as sent")
        .found_by(&["sent_means_a_notifier_accepted"])
    .wrong("it is settled as sent")
    .right("it is settled as undeliverable, with the reason")
    .core(),
    Defect::new("N10b", Class::Latent, "a notification without a notifier never gets a useful status")
        .found_by(&["missing_notifiers_are_told_at_once"])
    .wrong("it stays claimed, attempt after attempt, and dies as if a notifier had failed")
    .right("it is undeliverable at the first attempt, with the reason")
    .core(),
    Defect::new("N11", Class::Guard, "a requeue resets only the status")
        .found_by(&["pending_rows_are_fresh"])
    .wrong("count, next try and error are kept")
    .right("the count, the next try and the error are reset too")
    .core(),
    Defect::new("N11b", Class::Guard, "a requeue is two statements")
        .found_by(&["pending_rows_are_fresh"])
        .wrong("the first resets the status, the second the rest")
        .right("one statement resets everything")
        .core(),
    Defect::new("N11c", Class::Latent, "a notification that was sent can be requeued")
        .found_by(&["terminal_is_final"])
    .wrong("a requeue looks only at the id")
    .right("only a notification that was given up can be requeued")
    .core(),
    Defect::new("N12", Class::Latent, "a late settle is accepted")
        .found_by(&["settled_by_the_current_claim"])
    .wrong("a notification is settled by its id alone")
    .right("it is settled only under the claim that still holds it"),
    Defect::new("N13", Class::Latent, "a notification whose success was not stored is sent again without end")
        .found_by(&["asks_stay_within_the_budget"])
    .wrong("an attempt with an unknown result does not count")
    .right("it counts as failed"),
    Defect::new("N14", Class::Latent, "two servers send the same notification")
        .found_by(&["holders_do_not_overlap"])
    .wrong("a listed row is claimed whatever its status is now")
    .right("it is claimed only if it is unchanged since it was listed"),
    Defect::new("N15", Class::Neighbour, "two sweeps of one loop overlap")
        .found_by(&["one_sweep_at_a_time"])
    .wrong("a tick starts a sweep even if another is running")
    .right("only the tick that wins a compare-and-swap starts a sweep")
    .core(),
    Defect::new("N15b", Class::Neighbour, "a loop stops after a sweep that failed")
        .found_by(&["every_item_comes_to_rest"])
    .wrong("only a successful sweep gives its turn back")
    .right("every sweep gives its turn back")
    .core(),
    Defect::new("N15c", Class::Neighbour, "the first sweep is not guarded")
        .found_by(&["one_sweep_at_a_time"])
    .wrong("it takes no turn")
    .right("it takes a turn, as every sweep does")
    .core(),
    Defect::new("N16", Class::Neighbour, "the shutdown does not wait for running sweeps")
        .found_by(&["no_send_after_the_drain"])
    .wrong("the handles of the sweeps are dropped")
    .right("all sweeps are awaited")
    .core(),
    Defect::new("N17", Class::Neighbour, "the retry loop is never started")
        .found_by(&["every_item_comes_to_rest"])
    .wrong("it is created and dropped")
    .right("it is started with the other loop")
    .core(),
    Defect::new("N18", Class::Guard, "the index for retries covers all rows")
        .found_by(&["the_schema_is_as_agreed"])
    .wrong("it has no predicate")
    .right("it covers only failed rows that are scheduled")
    .core(),
    Defect::new("N18b", Class::Guard, "the count of failures can be NULL")
        .found_by(&["the_schema_is_as_agreed"])
    .wrong("the column is nullable and has no default")
    .right("NOT NULL DEFAULT 0")
    .core(),
    Defect::new("N18c", Class::Guard, "the down migration keeps the columns")
        .found_by(&["the_schema_is_as_agreed"])
    .wrong("it does nothing")
    .right("it removes the columns and indexes")
    .core(),
    Defect::new("N18d", Class::Guard, "a migration cannot be applied twice")
        .found_by(&["migrations_can_be_run_again"])
    .wrong("it adds a column that may already exist")
    .right("it rebuilds the table from the existing columns")
    .core(),
    Defect::new("N19", Class::Latent, "the processor gets a small page, the newest rows first")
        .found_by(&["oldest_first"])
    .wrong("50 rows, whatever the limit is")
    .right("as many rows as requested, the oldest first"),
    Defect::new("N20", Class::Guard, "the dashboard counts only one page")
        .found_by(&["the_dashboard_tells_what_is_there"])
    .wrong("it counts the newest 50 rows")
    .right("it counts all rows, with COUNT(*)")
    .core(),
    Defect::new("N20b", Class::Guard, "one failed count breaks the dashboard")
        .found_by(&["the_dashboard_survives"])
    .wrong("the answer is the error")
    .right("the failed count is shown as unknown, and the rest is shown")
    .core(),
    Defect::new("N21", Class::Latent, "a failed notification has a time of sending, in 1970")
        .found_by(&["sent_at_tells_of_sending"])
    .wrong("a failure stores zero as the time of sending")
    .right("it stores no time"),
    Defect::new("N22", Class::Guard, "the tab with the dead letters shows an old list")
        .found_by(&["the_request_carries_exactly_the_id"])
    .wrong(
        "the list is cached for all tabs, and the request carries an extra argument of the library",
    )
    .right("the list is cached per tab, and the request carries exactly the id")
    .core()
    .shows(Shows::Nowhere),
    Defect::new("N23", Class::Latent, "a dead notification has one failure too few")
        .found_by(&["dead_means_the_budget_is_used_up"])
    .wrong("the last failure is not counted")
    .right("it is counted: dead means five of five"),
    Defect::new("N25", Class::Neighbour, "a claim that is never settled is never taken back")
        .found_by(&["every_item_comes_to_rest"])
    .wrong("expired claims are ignored")
    .right("the retry loop takes them back"),
    Defect::new("N26", Class::Guard, "a long error is stored shortened")
        .found_by(&["the_stored_error_is_whole_and_true"])
    .wrong("the first 1000 characters")
    .right("all of it: nobody has to look for the rest in the log of a server"),
    Defect::new("N27", Class::Guard, "a failed attempt stores no error")
        .found_by(&["the_stored_error_is_whole_and_true"])
    .wrong("the status and the next try alone")
    .right("the error too"),
    Defect::new("N28", Class::Guard, "a notification is sent twice per claim")
        .found_by(&["each_claim_sends_once", "effects_stay_within_the_bound"])
    .wrong("the notifier is called again after its answer")
    .right("it is called once"),
    Defect::new("N29", Class::Guard, "a refused notification is left to its lease")
        .found_by(&["the_stored_error_is_whole_and_true"])
    .wrong("a refusal is not stored, and the claim has to lapse")
    .right("it is stored at once, with the next try"),
    Defect::new("N30", Class::Neighbour, "the processor is never started")
        .found_by(&["every_item_comes_to_rest"])
    .wrong("it is created and dropped")
    .right("it is started with the other loop"),
    Defect::new("N31", Class::Guard, "the intervals in the environment are not used")
        .found_by(&["the_loop_keeps_its_interval"])
    .wrong("they are read and dropped")
    .right("they replace the defaults"),
    Defect::new("N32", Class::Guard, "an interval that cannot be read is ignored")
        .found_by(&["unusable_settings_are_refused"])
    .wrong("the server starts with the default")
    .right("the start fails, and the error names the setting"),
    Defect::new("N33", Class::Guard, "a migration that is run again resets the count of failures")
        .found_by(&["a_repeated_migration_changes_no_row"])
    .wrong("the count is built anew")
    .right("an existing count is kept"),
    Defect::new("N34", Class::Guard, "the way down revives the dead")
        .found_by(&["terminal_is_final", "the_ways_keep_the_retry_state"])
    .wrong("a dead notification waits to be sent")
    .right("it stays dead"),
    Defect::new("N35", Class::Guard, "the way down forgets the state of the retries")
        .found_by(&["the_ways_keep_the_retry_state"])
    .wrong("counts, times and errors go with their columns")
    .right("a table of their own keeps them until the way up"),
    Defect::new("N36", Class::Latent, "what an older release left as failed is never retried")
        .found_by(&["the_ways_keep_the_retry_state", "every_item_comes_to_rest"])
    .wrong("the way up leaves it without a next try")
    .right("it is due since it was created"),
    Defect::new("N37", Class::Guard, "the way down leaves notifications claimed")
        .found_by(&["the_ways_keep_the_retry_state"])
    .wrong("they stay in a status that the older release does not know")
    .right("they wait to be sent"),
    Defect::new("N38", Class::Guard, "the retry loop reads the whole table")
        .found_by(&["sweeps_touch_only_what_is_eligible"])
    .wrong("a condition that no index can serve")
    .right("the condition of the index for retries"),
    Defect::new("N39", Class::Guard, "statistics that are not wired fail")
        .found_by(&["unwired_statistics_are_zero"])
    .wrong("the answer is an error")
    .right("it is zero"),
    Defect::new("N40", Class::Guard, "the total of a list is of another instant than its rows")
        .found_by(&["totals_are_of_the_instant_of_the_rows"])
    .wrong("a statement of its own counts before the rows are read")
    .right("one statement reads both"),
    Defect::new("N41", Class::Guard, "the list of all notifications lacks the dead")
        .found_by(&["lists_show_what_is_there"])
    .wrong("it shows those that are still on their way or sent")
    .right("it shows all"),
    Defect::new("N42", Class::Guard, "a notification that could not be stored is acknowledged")
        .found_by(&["what_was_accepted_is_there"])
    .wrong("an error of the database counts as a repeated request")
    .right("the answer is 503, and the client asks again"),
    Defect::new("N43", Class::Guard, "another notification under a known id is acknowledged")
        .found_by(&["what_was_accepted_is_there"])
    .wrong("only the id is compared")
    .right("it is refused, unless all parts are the same"),
    Defect::new("N44", Class::Guard, "a notification is checked after it was stored")
        .found_by(&["what_was_refused_is_not_there"])
    .wrong("it is refused, and sent nevertheless")
    .right("it is checked first"),
    Defect::new("N45", Class::Guard, "a change that did not happen is acknowledged")
        .found_by(&["changes_are_as_answered"])
    .wrong("whether a row was changed is not looked at")
    .right("the answer is 409 with the status, or 404"),
    Defect::new("N46", Class::Guard, "after the way down the older release cannot start")
        .found_by(&["the_older_release_works"])
    .wrong("the way down stops one migration short")
    .right("it reverts every migration that the older release does not know"),
    Defect::new("N47", Class::Latent, "the metric counts what was dead before there was such a status")
        .found_by(&["metrics_tell_the_dead"])
    .wrong("it counts failed notifications without attempts left, of which there are none")
    .right("it counts the notifications that are dead"),
    Defect::new("N52", Class::Guard, "a list has no total")
        .found_by(&["totals_are_of_the_instant_of_the_rows"])
    .wrong("the answer has the rows alone")
    .right("it has the total of all pages too"),
    Defect::new("N53", Class::Guard, "the dashboard shows no counts")
        .found_by(&["the_dashboard_tells_what_is_there"])
    .wrong("they are left out of every answer")
    .right("they are left out only if they cannot be counted"),
    Defect::new("N54", Class::Guard, "the dashboard shows the newest notification as the oldest")
        .found_by(&["the_dashboard_tells_what_is_there"])
    .wrong("the time of the newest one that waits")
    .right("the time of the oldest one that waits"),
    Defect::new("N55", Class::Guard, "one failed count hides the rest of the dashboard")
        .found_by(&["the_dashboard_tells_what_is_there"])
    .wrong("without counts the oldest notification is not shown either")
    .right("each number is shown if it can be read"),
    Defect::new("N56", Class::Guard, "the index of what waits holds all notifications")
        .found_by(&["the_schema_is_as_agreed"])
    .wrong("it has no predicate")
    .right("it covers only what is pending"),
    Defect::new("N57", Class::Guard, "the index of claims holds all notifications")
        .found_by(&["the_schema_is_as_agreed"])
    .wrong("it has no predicate")
    .right("it covers only what is being sent"),
    Defect::new("N58", Class::Latent, "a late success settles the next attempt of its server")
        .found_by(&["settled_under_the_current_attempt"])
    .wrong("the server is compared, and not the attempt")
    .right("both are compared"),
    Defect::new("N59", Class::Latent, "a late failure settles the next attempt of its server")
        .found_by(&["settled_under_the_current_attempt"])
    .wrong("the server is compared, and not the attempt")
    .right("both are compared"),
    Defect::new("N60", Class::Latent, "a late verdict that nobody can deliver settles the next attempt of its server")
        .found_by(&["settled_under_the_current_attempt"])
    .wrong("the server is compared, and not the attempt")
    .right("both are compared"),
    Defect::new("N61", Class::Guard, "a notification is delivered without its recipient")
        .found_by(&["what_is_delivered_is_what_was_asked_for"])
    .wrong("the delivery names nobody")
    .right("it names the recipient of the row"),
    Defect::new("N62", Class::Guard, "a notification is delivered as one of another type")
        .found_by(&["what_is_delivered_is_what_was_asked_for"])
    .wrong("the channel is given as the type")
    .right("the type of the row"),
    Defect::new("N63", Class::Neighbour, "a sweep has no timeout")
        .found_by(&["sweeps_end_at_their_timeout"])
    .wrong("it ends when its last notification is done")
    .right("it is cut off when its time is over"),
    Defect::new("N64", Class::Neighbour, "a sweep begins what it has no time for")
        .found_by(&["the_stored_error_is_whole_and_true"])
    .wrong("it goes on until it is cut off in the middle of an attempt")
    .right("it begins an attempt only if there is time for it"),
    Defect::new("N65", Class::Neighbour, "only the first server runs the loops")
        .found_by(&["the_loop_keeps_its_interval"])
    .wrong("the others start none")
    .right("every server runs both"),
    Defect::new("N66", Class::Guard, "the way down leaves the columns and the index of the claims")
        .found_by(&["the_schema_is_as_agreed"])
    .wrong("only the columns of the retries go")
    .right("all that the migration has added goes"),
    Defect::new("N67", Class::Latent, "a variable of another program ends the start")
        .found_by(&["usable_settings_are_applied"])
    .wrong("each variable has to be Unicode")
    .right("those that are no settings are not looked at"),
    Defect::new("N68", Class::Guard, "a retry begins before it is due")
        .found_by(&["attempts_come_when_they_are_due"])
    .wrong("a sweep takes what is due within two minutes, too")
    .right("it takes what is due"),
    Defect::new("N69", Class::Guard, "a retry begins a tick too late")
        .found_by(&["attempts_come_when_they_are_due"])
    .wrong("a sweep takes only what has been due for two minutes")
    .right("it takes what is due"),
    Defect::new("N70", Class::Guard, "the way down loses what was given up")
        .found_by(&["notifications_survive_the_ways"])
    .wrong("undeliverable notifications are not copied")
    .right("every row is copied"),
    Defect::new("N71", Class::Guard, "any notification can be marked as read")
        .found_by(&["sent_at_tells_of_sending"])
    .wrong("whether it was sent is not looked at")
    .right("only one that was sent can be read"),
    Defect::new("N72", Class::Neighbour, "a shutdown cuts off what is being sent")
        .found_by(&["the_stored_error_is_whole_and_true"])
    .wrong("the server waits for nothing")
    .right("it waits for as long as its patience lasts"),
    Defect::new("N73", Class::Guard, "a notifier that is too slow is stored as one that cannot be reached")
        .found_by(&["the_stored_error_is_whole_and_true"])
    .wrong("every failed request stores the same error")
    .right("the error says that there was no answer in time"),
];
