//! What the system promises that the target was written after, and where a drill would notice if it were broken.

use chaosdrill::Promise;

/// Why the promises of the web page have no counterpart.
const NO_PAGE: &str = "the target has no web page";

/// All promises, in the order of the system's description.
pub(crate) fn all() -> Vec<Promise> {
    let mut all = deliveries();
    all.extend(errors_and_requeues());
    all.extend(schema());
    all.extend(loops());
    all.extend(numbers_and_lists());
    all.extend(beyond());
    all
}

fn deliveries() -> Vec<Promise> {
    let promise = Promise::new;
    vec![
        promise("1", "a notification that failed is retried, and ends as sent, read or dead")
            .shown("notification/notifier-fails-for-a-while", "every_item_comes_to_rest")
            .shown("notification/notifier-always-fails", "every_item_comes_to_rest"),
        promise("2", "a notification whose budget of attempts is used up is dead")
            .shown("notification/notifier-always-fails", "dead_means_the_budget_is_used_up")
            .shown("notification/notifier-always-fails", "asks_stay_within_the_budget")
            .differs("the budget of five counts the first attempt too, and a dead notification counts five failures, not four"),
        promise("3", "the wait before a retry doubles from a minute, and is at most an hour")
            .shown("notification/schedule", "retries_keep_the_schedule")
            .shown("notification/schedule-raised-budget", "retries_keep_the_schedule"),
        promise("4", "only a failed notification has a next try, and a dead one has none")
            .shown("notification/notifier-always-fails", "only_failed_rows_are_scheduled"),
        promise("5", "a failed attempt is counted, and stores its error")
            .shown("notification/notifier-always-fails", "the_stored_error_is_whole_and_true")
            .shown("notification/notifier-fails-for-a-while", "retry_count_tells_the_failures"),
        promise("6", "a success keeps the number of failures before it")
            .shown("notification/notifier-fails-for-a-while", "retry_count_tells_the_failures"),
        promise("7", "a retry happens when it is due, and not before")
            .shown("notification/schedule", "attempts_come_when_they_are_due"),
        promise("8", "a notification whose channel has no notifier does not block the queue")
            .shown("notification/missing-notifier", "missing_notifiers_are_told_at_once")
            .shown("notification/missing-notifier", "the_stored_error_is_whole_and_true")
            .differs("it is undeliverable, not sent: sent would hide that nobody was told"),
        promise("9", "if a sweep cannot list its work, it sends nothing")
            .shown("notification/list-error", "nothing_is_sent_after_a_failed_list"),
        promise("10", "an error on one notification does not stop the others of the sweep")
            .shown("notification/refused-row", "nobody_starves"),
    ]
}

fn errors_and_requeues() -> Vec<Promise> {
    let promise = Promise::new;
    vec![
        promise("11", "a requeue resets status, count, next try and error in one step")
            .shown("notification/requeue", "pending_rows_are_fresh")
            .shown("notification/requeue", "terminal_is_final")
            .shown("notification/requeue-races-retry", "settled_by_the_current_claim"),
        promise("12", "the error is stored and listed whole, however long it is")
            .shown("notification/notifier-always-fails", "the_stored_error_is_whole_and_true")
            .shown("notification/lists", "lists_show_what_is_there"),
    ]
}

fn schema() -> Vec<Promise> {
    let promise = Promise::new;
    vec![
        promise("13", "the index for retries covers only failed notifications that are scheduled")
            .shown("notification/migrations", "the_schema_is_as_agreed"),
        promise("14", "a sweep reads only what is eligible, whatever the size of the table")
            .shown("notification/migrations", "sweeps_touch_only_what_is_eligible")
            .shown("notification/migrations", "the_schema_is_as_agreed"),
        promise("15", "the way down removes the columns and the indexes of the retries and the claims, and nothing else")
            .shown("notification/migrations", "the_schema_is_as_agreed")
            .shown("notification/migrations", "notifications_survive_the_ways"),
        promise("16", "after the way down the older release starts and works")
            .shown("notification/migrations", "the_older_release_works")
            .shown("notification/migrations", "the_ways_keep_the_retry_state"),
        promise("17", "a migration that is run again changes nothing")
            .shown("notification/migrations", "migrations_can_be_run_again")
            .shown("notification/migrations", "a_repeated_migration_changes_no_row"),
        promise("17b", "the ways down and up keep the state of the retries, and what is dead stays dead")
            .shown("notification/migrations", "the_ways_keep_the_retry_state")
            .shown("notification/migrations", "terminal_is_final"),
        promise("18", "a notification that was there before the migration has no failures, and is due if it had failed")
            .shown("notification/migrations", "the_ways_keep_the_retry_state"),
        promise("19", "the count of failures is never null, and begins at zero")
            .shown("notification/migrations", "the_schema_is_as_agreed"),
    ]
}

fn loops() -> Vec<Promise> {
    let promise = Promise::new;
    vec![
        promise("20", "every server runs the processor and the retry loop")
            .shown("notification/calm", "the_loop_keeps_its_interval")
            .shown("notification/stuck-claim", "every_item_comes_to_rest"),
        promise("21", "the intervals of the loops are those in the environment that a server is given")
            .shown("notification/settings", "the_loop_keeps_its_interval")
            .shown("notification/settings", "usable_settings_are_applied")
            .shown("notification/settings", "unusable_settings_are_refused"),
        promise("22", "a sweep begins nothing that its time is too short for, ends at its timeout, and the loop goes on")
            .shown("notification/slow-sweep", "the_stored_error_is_whole_and_true")
            .shown("notification/sweep-timeout", "sweeps_end_at_their_timeout")
            .shown("notification/sweep-timeout", "every_item_comes_to_rest"),
        promise("23", "a loop runs one sweep at a time, the first one too")
            .shown("notification/slow-sweep", "one_sweep_at_a_time"),
    ]
}

fn numbers_and_lists() -> Vec<Promise> {
    let promise = Promise::new;
    vec![
        promise("24", "statistics that are not wired are zero, and no request for them fails")
            .shown("notification/lists", "unwired_statistics_are_zero"),
        promise("25", "if a count fails, the dashboard shows the rest")
            .shown("notification/dashboard-error", "the_dashboard_survives")
            .shown("notification/dashboard-error", "the_dashboard_tells_what_is_there"),
        promise("26", "notifications are counted in the database, not on a page of a list")
            .shown("notification/backlog", "the_dashboard_tells_what_is_there"),
        promise("27", "the total of the dead letters is of the same instant as the list of them")
            .shown("notification/lists", "totals_are_of_the_instant_of_the_rows")
            .shown("notification/lists", "metrics_tell_the_dead")
            .differs("the metric is a gauge: it falls when an operator requeues a dead letter"),
        promise(
            "28",
            "a server that shuts down waits for its sweeps, and sends nothing after that",
        )
        .shown("notification/shutdown", "the_stored_error_is_whole_and_true")
        .shown("notification/shutdown", "no_send_after_the_drain"),
        promise("29", "an operator can list all notifications, or only the dead letters")
            .shown("notification/lists", "lists_show_what_is_there"),
        promise("30", "the page asks for its list anew when the tab changes").differs(NO_PAGE),
        promise("31", "the page shows how many attempts of five were used, and the error")
            .differs(NO_PAGE),
        promise("32", "the button for a requeue sends exactly the id").differs(NO_PAGE),
        promise("33", "a backlog is sent oldest first, in one pass")
            .shown("notification/backlog", "oldest_first")
            .shown("notification/backlog", "nobody_starves"),
        promise("34", "a notification is read only after it was sent, and stays read")
            .shown("notification/answers", "changes_are_as_answered")
            .shown("notification/answers", "sent_at_tells_of_sending")
            .shown("notification/requeue", "terminal_is_final"),
    ]
}

/// What the system does not promise, and the target does.
fn beyond() -> Vec<Promise> {
    let promise = Promise::new;
    vec![
        promise("35", "what a client was told is so: what was accepted is stored, and what was refused is not")
            .shown("notification/answers", "what_was_accepted_is_there")
            .shown("notification/answers", "what_was_refused_is_not_there")
            .shown("notification/answers", "changes_are_as_answered"),
        promise("36", "without faults each notification reaches its notifier once, and under faults once for each claim")
            .shown("notification/calm", "effects_stay_within_the_bound")
            .shown("notification/sent-but-not-written-down", "each_claim_sends_once"),
        promise("37", "two servers do not send one notification while a claim lasts, and whoever settles after its claim was taken back changes nothing")
            .shown("notification/two-servers-race", "holders_do_not_overlap")
            .shown("notification/requeue-races-retry", "settled_by_the_current_claim")
            .shown("notification/late-settle", "settled_under_the_current_attempt"),
        promise("38", "a claim whose server went away is taken back, and counts as an attempt")
            .shown("notification/stuck-claim", "every_item_comes_to_rest")
            .shown("notification/sent-but-not-written-down", "asks_stay_within_the_budget"),
        promise("39", "a notifier is given the recipient, the channel, the type and the text of the notification")
            .shown("notification/calm", "what_is_delivered_is_what_was_asked_for"),
    ]
}
