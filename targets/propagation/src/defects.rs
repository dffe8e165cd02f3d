//! The planted bugs, as plain data: the wrong behaviour, the right one, and the check that must detect it.

use chaosdrill_rt::defect::{Class, Defect, Shows};

/// All planted bugs, by id.
pub const DEFECTS: &[Defect] = &[
    Defect::new("P1", Class::Hist, "an unexpected skip is recorded as applied")
        .found_by(&["applied_means_the_world_agrees"])
        .wrong("a skip without an accepted reason is not an error")
        .right("it is an error: the row is retried, and given up at the limit")
        .core(),
    Defect::new("P2", Class::Latent, "an empty reason counts as success")
        .found_by(&["applied_means_the_world_agrees"])
        .wrong("an empty reason is accepted")
        .right("a change that was neither applied nor explained has failed"),
    Defect::new("P3", Class::Guard, "the list of accepted reasons is too broad")
        .found_by(&["applied_means_the_world_agrees"])
        .wrong("any reason that contains `not` is accepted")
        .right("the list has long fragments, which are matched literally")
        .core(),
    Defect::new("P4", Class::Hist, "a row of an unknown kind is retried forever")
        .found_by(&["attempts_stay_within_the_ceiling", "a_row_at_the_ceiling_is_at_rest"])
        .wrong("such rows have no limit of attempts")
        .right("they have the same limit as all other rows")
        .core(),
    Defect::new("P5", Class::Guard, "a row of an unknown kind is given up at once")
        .found_by(&["rows_fail_at_the_ceiling_only", "every_upgrade_is_applied"])
        .wrong("it is given up at the first attempt")
        .right("it is given up at the limit, so that a roll-out can finish")
        .core(),
    Defect::new("P6", Class::Guard, "a row of an unknown kind is skipped")
        .found_by(&["what_is_picked_is_settled"])
        .wrong("nothing is stored, so the row comes back forever")
        .right("it counts as a failed attempt")
        .core(),
    Defect::new("P7", Class::Hist, "a dead letter is not counted")
        .found_by(&["dead_letters_are_counted_once"])
        .wrong("ordinary failures do not increment the counter")
        .right("each transition counts once, in its own transaction")
        .core(),
    Defect::new("P8", Class::Guard, "an external kind becomes a metric label")
        .found_by(&["labels_stay_within_their_set"])
        .wrong("the label is the kind of the row")
        .right("all kinds without a handler share one label")
        .core(),
    Defect::new("P8b", Class::Guard, "an external reason becomes a metric label")
        .found_by(&["labels_stay_within_their_set"])
        .wrong("the label is the reason from the provisioner")
        .right("the label is one of a fixed list")
        .core(),
    Defect::new("P9", Class::Hist, "a stuck job is rescued too late")
        .found_by(&["stuck_jobs_are_rescued_in_time"])
        .wrong("after the timeout of the job plus an hour, the default of the library")
        .right("after 25 min")
        .core(),
    Defect::new("P10", Class::Guard, "a running job is rescued")
        .found_by(&["one_live_execution_per_job"])
        .wrong("after 15 min, although a job may take 20 min")
        .right("after 25 min")
        .core(),
    Defect::new("P11", Class::Guard, "two runners dispatch one row")
        .found_by(&["holders_do_not_overlap"])
        .wrong("rows that were read before the transaction are leased")
        .right("rows are read again in the transaction that leases them")
        .core(),
    Defect::new("P12", Class::Hist, "a row is dispatched again at once after its holder crashed")
        .found_by(&["picks_are_a_lease_apart"])
        .wrong("the pick takes no lease")
        .right("it takes a lease of 5 min in the same transaction"),
    Defect::new("P15", Class::Latent, "a success that cannot be stored is retried forever")
        .found_by(&["attempts_stay_within_the_ceiling", "a_row_at_the_ceiling_is_at_rest"])
        .wrong("this failure has no limit of attempts")
        .right("it has the same limit as all other failures"),
    Defect::new("P16", Class::Guard, "a settled row has no audit")
        .found_by(&["audits_agree_with_states"])
        .wrong("the audit is written after the commit, in a statement of its own")
        .right("both are written in one transaction")
        .core(),
    Defect::new("P17", Class::Guard, "the retry schedule is off by one")
        .found_by(&["retries_keep_the_schedule"])
        .wrong("the wait is looked up by the failures including this one")
        .right("it is looked up by the failures before this one")
        .core(),
    Defect::new("P17b", Class::Guard, "the retry schedule does not grow")
        .found_by(&["retries_keep_the_schedule"])
        .wrong("every wait is as long as the first")
        .right("the waits follow the table")
        .core(),
    Defect::new("P18", Class::Guard, "the limit of attempts is off by one")
        .found_by(&["attempts_stay_within_the_ceiling", "a_row_at_the_ceiling_is_at_rest"])
        .wrong("a row is given up one attempt too late")
        .right("the tenth failure is the last"),
    Defect::new("P19", Class::Guard, "an unexpected skip is audited as an ordinary retry")
        .found_by(&["audits_agree_with_states"])
        .wrong("`propagation.retrying`")
        .right("`propagation.unexpected_skip`")
        .core(),
    Defect::new("P20", Class::Guard, "a late settle is accepted")
        .found_by(&["terminal_is_final", "only_the_holder_settles"])
        .wrong("a row is settled by its id alone")
        .right("it is settled only by its holder, and only while it is open"),
    Defect::new("P20b", Class::Latent, "a late settle of an open row is accepted")
        .found_by(&["only_the_holder_settles"])
        .wrong("a row that is not final can be settled by any runner")
        .right("it can be settled only by its holder"),
    Defect::new("P21", Class::Latent, "an upgrade loses its propagation")
        .found_by(&["every_upgrade_is_enqueued"])
        .wrong("the row is inserted after the commit, and an error is ignored")
        .right("it is inserted in the transaction of the upgrade"),
    Defect::new("P24", Class::Latent, "one type of resource is silently skipped")
        .found_by(&["applied_means_the_world_agrees"])
        .wrong("`vector` counts as a type without limits")
        .right("it is regraded"),
    Defect::new("P25", Class::Guard, "a declared kind has no handler")
        .found_by(&["every_declared_kind_is_handled"])
        .wrong("a new kind is in only one of two lists")
        .right("both lists are equal")
        .core(),
    Defect::new("P26", Class::Latent, "a cancelled dispatch is not released")
        .found_by(&["what_is_picked_is_settled"])
        .wrong("the end of the job discards the results that are not stored yet")
        .right("the dispatch is cancelled from inside, and its row is released"),
    Defect::new("P26b", Class::Latent, "one row that cannot be settled ends its batch")
        .found_by(&["what_is_picked_is_settled"])
        .wrong(
            "the error of one row fails the batch, and the other rows wait for their lease to end",
        )
        .right("the other rows are dispatched"),
    Defect::new("P27", Class::Guard, "the documented time until the dead letter is wrong")
        .found_by(&["the_documented_total_is_computed"])
        .wrong("the README has a number that was not computed")
        .right("it has the sum of the schedule")
        .core()
        .shows(Shows::InStaticCheck),
    Defect::new("P29", Class::Latent, "a row that crashes its runner is never given up")
        .found_by(&["effects_stay_within_the_bound", "calls_have_their_reason"])
        .wrong("dispatches that were started are not counted")
        .right("they are counted, with a limit"),
    Defect::new("P31", Class::Latent, "a lease is written with one clock and read with another")
        .found_by(&[
            "picks_are_a_lease_apart",
            "holders_do_not_overlap",
            "stored_times_are_the_database_s",
        ])
        .wrong("it is written with the clock of the worker")
        .right("both use the clock of the database"),
    Defect::new(
        "P32",
        Class::Guard,
        "the end of a row of an unknown kind is reported as an ordinary failure",
    )
    .found_by(&["audits_agree_with_states"])
    .wrong("reason and audit are those of an ordinary failure")
    .right("both say that the kind is unknown")
    .core(),
    Defect::new("P33", Class::Guard, "a stored error contains a secret")
        .found_by(&["errors_are_short_and_without_secrets"])
        .wrong("it is stored unchanged")
        .right("it is stored without URLs and passwords"),
    Defect::new(
        "P34",
        Class::Latent,
        "the limit of a resource that is already right is not recorded",
    )
    .found_by(&["every_resource_has_what_was_sold", "what_is_not_refused_has_what_was_sold"])
    .wrong("an answer that nothing was left to do has no limit")
    .right("every answer has the limit, if it is known"),
    Defect::new("P35", Class::Guard, "a change of the provisioner is made again")
        .found_by(&["one_change_per_generation"])
        .wrong("a request for the same generation is carried out again")
        .right("a generation is carried out once"),
    Defect::new(
        "P36",
        Class::Latent,
        "resources that cannot be changed keep the others out of the reconciler's rounds",
    )
    .found_by(&["drift_is_seen_within_a_period", "what_is_not_refused_has_what_was_sold"])
    .wrong("a round always begins with the same resources")
    .right("it begins with those that were asked for longest ago"),
    Defect::new("P37", Class::Guard, "a call of the reconciler has no time limit of its own")
        .found_by(&["calls_of_the_reconciler_are_short"])
        .wrong("it may take as long as a job")
        .right("it may take 30 s"),
    Defect::new("P38", Class::Guard, "the reconciler does nothing")
        .found_by(&["drift_is_seen_within_a_period", "every_resource_has_what_was_sold"])
        .wrong("its job ends without a round")
        .right("it asks for every resource that is not up to date"),
    Defect::new("P39", Class::Guard, "the runner does nothing")
        .found_by(&["every_item_comes_to_rest", "every_upgrade_is_applied"])
        .wrong("its job ends without a pick")
        .right("it carries out the rows that are due"),
    Defect::new("P40", Class::Guard, "the job rescuer does nothing")
        .found_by(&["stuck_jobs_are_rescued_in_time"])
        .wrong("a job whose worker is gone stays as it is")
        .right("it is released"),
    Defect::new("P41", Class::Guard, "old jobs are never deleted")
        .found_by(&["finished_jobs_are_forgotten"])
        .wrong("finished jobs are kept forever")
        .right("they are kept for an hour"),
    Defect::new("P42", Class::Guard, "the reconciler runs at every tick")
        .found_by(&["reconcilers_keep_their_period"])
        .wrong("its period is that of the runner")
        .right("its period is five minutes"),
    Defect::new("P43", Class::Guard, "unknown kinds are counted only when their row is given up")
        .found_by(&["leading_indicators_are_exact"])
        .wrong("the counter grows a day after the first attempt")
        .right("it grows with each attempt"),
    Defect::new("P44", Class::Latent, "of several unexpected skips one is counted")
        .found_by(&["leading_indicators_are_exact"])
        .wrong("the counter grows once for each dispatch")
        .right("it grows once for each resource that was skipped"),
    Defect::new("P45", Class::Latent, "audits have no content")
        .found_by(&["audits_have_content"])
        .wrong("the metadata is empty")
        .right("it has attempts, reason and error"),
    Defect::new(
        "P46",
        Class::Latent,
        "an upgrade is acknowledged, and its resources keep their tier",
    )
    .found_by(&["acknowledged_means_stored"])
    .wrong("only the team and the propagation are written")
    .right("the resources are upgraded in the same transaction"),
    Defect::new("P47", Class::Latent, "a refused requeue is recorded")
        .found_by(&["refused_means_not_stored", "acknowledged_means_stored"])
        .wrong("the operator's id is stored although nothing was requeued")
        .right("a refusal stores nothing"),
    Defect::new("P48", Class::Latent, "a dispatch asks twice for each resource")
        .found_by(&["calls_have_their_reason"])
        .wrong("the first answer is ignored")
        .right("it asks once"),
    Defect::new("P49", Class::Latent, "a bad setting is ignored")
        .found_by(&["bad_settings_are_refused"])
        .wrong("the worker starts with the default")
        .right("it refuses to start"),
    Defect::new("P50", Class::Guard, "a setting has no effect")
        .found_by(&["runners_keep_their_tick"])
        .wrong("the value is read, and not used")
        .right("the worker uses it"),
    Defect::new(
        "P51",
        Class::Latent,
        "after a round that failed, the reconciler pauses for a round",
    )
    .found_by(&["drift_is_seen_within_a_period"])
    .wrong("the next round does nothing")
    .right("each round asks for what has drifted"),
    Defect::new("P52", Class::Latent, "a team at another tier is acknowledged as new")
        .found_by(&["team_answers_fit_what_is_stored"])
        .wrong("the answer is 200, and nothing is stored")
        .right("the answer is 409, with the tier that is stored"),
    Defect::new("P52b", Class::Latent, "a token of another team is acknowledged")
        .found_by(&["acknowledged_means_stored"])
        .wrong("the answer is 200, and the resource stays with the other team")
        .right("the request is refused, and stores nothing"),
    Defect::new("P53", Class::Guard, "a batch takes every row that is due")
        .found_by(&["batches_are_bounded"])
        .wrong("there is no limit")
        .right("it takes at most as many rows as its worker is set to"),
    Defect::new(
        "P54",
        Class::Guard,
        "a round of the reconciler asks for every resource that has drifted",
    )
    .found_by(&["rounds_are_bounded"])
    .wrong("there is no limit")
    .right("it asks for at most as many as its worker is set to"),
    Defect::new("P60", Class::Latent, "a dispatch that a shutdown cancels counts as a failure")
        .found_by(&["cancelled_work_uses_no_attempt"])
        .wrong("the row loses one of its attempts")
        .right("the row is released as it was"),
    Defect::new("P61", Class::Latent, "the error does not say what the provisioner answered")
        .found_by(&["errors_tell_what_was_answered"])
        .wrong("only the status is stored")
        .right("status and text are stored"),
    Defect::new("P62", Class::Latent, "all rows that are given up are counted under one reason")
        .found_by(&["dead_letters_are_counted_once"])
        .wrong("the reason of the counter is always max_attempts")
        .right("it is that of the audit"),
    Defect::new("P63", Class::Guard, "a dispatch has no deadline")
        .found_by(&["dispatches_end_with_their_lease"])
        .wrong("it waits for the provisioner after its lease has ended")
        .right("it is cancelled with its lease"),
    Defect::new("P64", Class::Latent, "the generation of a call is one too high")
        .found_by(&["one_change_per_generation"])
        .wrong("the next upgrade of the resource is taken for done")
        .right("it is that of the resource"),
    Defect::new("P65", Class::Latent, "a requeue does not reset the count of dispatches")
        .found_by(&["acknowledged_means_stored", "terminal_is_final"])
        .wrong("the row is given up again before its attempts are used up")
        .right("it begins again with none"),
    Defect::new("P66", Class::Latent, "a worker reports another rescue time than it uses")
        .found_by(&["the_rescue_is_pinned"])
        .wrong("it reports the timeout of jobs")
        .right("it reports what it uses"),
    Defect::new("P67", Class::Latent, "a requeue that is repeated after it was stored is refused")
        .found_by(&["refused_means_not_stored"])
        .wrong("the row is looked at before the wish, and has not failed any more")
        .right("a wish that is stored is acknowledged again"),
    Defect::new("P68", Class::Guard, "a resource of an unknown type is left out")
        .found_by(&["applied_means_the_world_agrees"])
        .wrong("what is in no list has no limits")
        .right("what is in no list fails the propagation, so that it is put in one"),
];
