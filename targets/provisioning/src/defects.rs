//! The planted bugs, as plain data: the wrong behaviour, the right one, and the check that must detect it.

use chaosdrill_rt::defect::{Class, Defect, Shows};

/// All planted bugs, by id.
pub const DEFECTS: &[Defect] = &[
    Defect::new("R1", Class::Hist, "201 for a resource that cannot be reached")
        .found_by(&["created_means_addressable", "active_rows_are_addressable"])
        .wrong("a step that failed is ignored, and the answer is 201")
        .right("a step that failed rolls everything back, and the answer is 503")
        .core(),
    Defect::new("R2", Class::Hist, "the provider's id is not stored")
        .found_by(&["active_rows_are_addressable"])
        .wrong("an error of step 2 is ignored")
        .right("it rolls everything back, as an error of any other step does")
        .core(),
    Defect::new("R4", Class::Guard, "the object of a failed provision is not deleted")
        .found_by(&["a_rolled_back_row_leaves_nothing_behind"])
        .wrong("the rollback skips the object")
        .right("the rollback deletes the object first, after a failure of any step")
        .core(),
    Defect::new("R5", Class::Guard, "the row of a failed provision stays pending")
        .found_by(&["a_refusal_means_terminal"])
        .wrong("the rollback ends after the object")
        .right("it ends with the row, which is set to failed")
        .core(),
    Defect::new("R5b", Class::Guard, "a row is set to failed before its object is deleted")
        .found_by(&["a_rolled_back_row_leaves_nothing_behind"])
        .wrong("the row is settled first, and the object is deleted later or never")
        .right("the object is deleted first, then the row is settled")
        .core(),
    Defect::new("R7", Class::Hist, "a row is created as active")
        .found_by(&["active_rows_are_addressable"])
        .wrong("it is active before the backend is called")
        .right("it is pending until the last step"),
    Defect::new("R8", Class::Hist, "the schema forbids a status that the code uses")
        .found_by(&["statuses_in_code_equal_the_check"])
        .wrong("the migration that adds `failed` omits it from the CHECK")
        .right("the CHECK lists every status in the code"),
    Defect::new("R9", Class::Hist, "an older migration fails on newer rows")
        .found_by(&["every_boot_comes_up"])
        .wrong("it narrows the CHECK again at every boot")
        .right("every migration has the full set"),
    Defect::new("R10", Class::Hist, "a failed provision has no audit")
        .found_by(&["audits_agree_with_states"])
        .wrong("this kind of audit is never written")
        .right("every failure is audited, at once or later")
        .core(),
    Defect::new("R10b", Class::Hist, "an audit that fails changes the answer")
        .found_by(&["failures_answer_503"])
        .wrong("its error turns the 503 into a 500")
        .right("the answer does not depend on the audit")
        .core(),
    Defect::new("R10c", Class::Hist, "an audit that is slow blocks the answer")
        .found_by(&["the_audit_never_blocks_the_answer"])
        .wrong("the answer waits for the audit")
        .right("the answer waits only for a moment")
        .core(),
    Defect::new("R11", Class::Hist, "a customer is sent to support although a retry would help")
        .found_by(&["guidance_fits_the_answer"])
        .wrong("the code has no text of its own and gets the fallback")
        .right("its text asks for a retry with backoff")
        .core(),
    Defect::new(
        "R12",
        Class::Guard,
        "a handler creates resources without the second phase, or ignores its refusal",
    )
    .found_by(&["handlers_go_through_finalize"])
    .wrong("one function in a file bypasses the second phase")
    .right("every function calls it, and returns its refusals")
    .core()
    .shows(Shows::InStaticCheck),
    Defect::new("R13", Class::Guard, "a failed resource becomes active")
        .found_by(&["terminal_is_final"])
        .wrong("the last step does not check the status")
        .right("it changes only a pending row that it still holds"),
    Defect::new("R13b", Class::Latent, "a lost answer deletes a healthy resource")
        .found_by(&["active_rows_have_their_object"])
        .wrong("if the last step has no answer, it counts as failed")
        .right("the row is read first"),
    Defect::new("R14", Class::Latent, "the reconciler settles a row that a handler is working on")
        .found_by(&["reconciler_waits_for_the_lease"])
        .wrong("it looks only at the age of the row")
        .right("it waits until the lease has ended"),
    Defect::new("R15", Class::Hist, "a row without a URL is promoted")
        .found_by(&["active_rows_are_addressable"])
        .wrong("a row that cannot be probed counts as reachable")
        .right("unknown is not reachable"),
    Defect::new("R16", Class::Latent, "a row stays pending forever")
        .found_by(&["every_item_comes_to_rest"])
        .wrong("a row with an unknown state is skipped each time")
        .right("it is rolled back above a certain age"),
    Defect::new("R17", Class::Latent, "the reconciler acts on a row that it did not win")
        .found_by(&["quota_agrees_with_the_rows"])
        .wrong("the number of changed rows is ignored, and a refund has no key")
        .right("it acts only if it changed one row, and refunds once"),
    Defect::new("R17b", Class::Latent, "a crash between row, audit and refund loses the refund")
        .found_by(&["quota_agrees_with_the_rows"])
        .wrong("the reconciler writes them one after the other")
        .right("all three are in one transaction"),
    Defect::new(
        "R18",
        Class::Latent,
        "the sweep deletes the object of a provision that is running",
    )
    .found_by(&["the_sweep_spares_the_living"])
    .wrong("pending rows do not count as live, and there is no minimum age")
    .right("they count as live, and an object must be an hour old"),
    Defect::new("R18b", Class::Guard, "a sweep that cannot read the live rows deletes everything")
        .found_by(&["the_sweep_spares_the_living"])
        .wrong("an error counts as an empty list")
        .right("the pass is skipped"),
    Defect::new("R20", Class::Latent, "the rollback is cancelled when the client disconnects")
        .found_by(&["a_rolled_back_row_leaves_nothing_behind"])
        .wrong("it is cancelled with the request, without a report")
        .right("it runs independently of the request"),
    Defect::new("R20b", Class::Latent, "an object that could not be deleted is forgotten")
        .found_by(&["a_rolled_back_row_leaves_nothing_behind"])
        .wrong("its error is dropped")
        .right("it is recorded as a leak, and the deletion is retried"),
    Defect::new(
        "R20c",
        Class::Neighbour,
        "a resource counts as deleted although its deletion failed",
    )
    .found_by(&["taken_down_means_gone"])
    .wrong("the reaper's error is dropped")
    .right("the row waits until the deletion has succeeded"),
    Defect::new("R21", Class::Hist, "a kind of audit has no declared consumer")
        .found_by(&["every_declared_kind_is_handled"])
        .wrong("the kind exists, but its entry is missing")
        .right("every kind has an entry, even if it has no listener")
        .core(),
    Defect::new("R22", Class::Latent, "an audit with control bytes is lost")
        .found_by(&["audits_agree_with_states"])
        .wrong("its JSON is made by string formatting")
        .right("its JSON is made by an encoder"),
    Defect::new("R23", Class::Guard, "a real code is the example of a code without guidance")
        .found_by(&["guidance_fits_the_answer"])
        .wrong("its text was removed to make a test pass")
        .right("the example is documented as never registered")
        .core(),
    Defect::new("R24", Class::Guard, "an audit is empty")
        .found_by(&["audits_have_the_fields_of_their_row"])
        .wrong("its metadata is an object without members")
        .right("it has the seven fields of the resource"),
    Defect::new("R24b", Class::Latent, "an audit that is written late does not name the object")
        .found_by(&["audits_have_the_fields_of_their_row"])
        .wrong("the id at the provider is lost with the handler")
        .right("the row keeps it when it is doomed"),
    Defect::new(
        "R25",
        Class::Latent,
        "the audit of a failed step says that nobody finished the resource",
    )
    .found_by(&["the_first_failure_is_audited"])
    .wrong("the reconciler does not look at why the row was doomed")
    .right("the row keeps the reason, and the audit has it, whoever writes it"),
    Defect::new("R28", Class::Guard, "the reconciler does nothing")
        .found_by(&["every_item_comes_to_rest"])
        .wrong("its pass returns at once")
        .right("it settles the rows that were left pending"),
    Defect::new("R28b", Class::Latent, "an audit that failed is never written")
        .found_by(&["audits_agree_with_states"])
        .wrong("the reconciler does not look for missing audits")
        .right("it writes them later"),
    Defect::new("R29", Class::Guard, "the sweep does nothing")
        .found_by(&["no_object_is_out_of_reach"])
        .wrong("its pass returns at once")
        .right("it deletes the objects that belong to no resource"),
    Defect::new("R30", Class::Guard, "the reaper does nothing")
        .found_by(&["every_item_comes_to_rest"])
        .wrong("its pass returns at once")
        .right("it takes ended resources down"),
    Defect::new("R30b", Class::Guard, "a resource outlives its lifetime")
        .found_by(&["nothing_outlives_its_time"])
        .wrong("the reaper does not look for resources that have run out")
        .right("it ends them within a minute"),
    Defect::new("R30c", Class::Latent, "a leak stays for ever")
        .found_by(&["every_leak_is_cleared"])
        .wrong("the reaper does not try leaked objects again")
        .right("it tries until they are gone"),
    Defect::new("R31", Class::Latent, "a handler does not renew its lease")
        .found_by(&["a_slow_provision_keeps_its_row"])
        .wrong("its heartbeats are not sent")
        .right("a slow provision stays in the hand of its handler"),
    Defect::new("R32", Class::Guard, "the forwarder does nothing")
        .found_by(&["every_mail_owed_is_sent"])
        .wrong("its pass returns at once")
        .right("it mails what customers should hear"),
    Defect::new("R32b", Class::Guard, "customers get mails about failures that they were answered")
        .found_by(&["customers_hear_only_what_concerns_them"])
        .wrong("every kind of audit is mailed")
        .right("kinds without a consumer are not"),
    Defect::new("R33", Class::Guard, "each object is created twice")
        .found_by(&["calm_work_is_done_once"])
        .wrong("the handler calls the backend twice")
        .right("it calls once"),
    Defect::new("R34", Class::Guard, "a mail is sent again and again")
        .found_by(&["mails_are_not_repeated"])
        .wrong("the forwarder does not record what it has mailed")
        .right("it records it"),
    Defect::new("R35", Class::Guard, "the URL is stored in plain text")
        .found_by(&["created_means_addressable", "active_rows_are_addressable"])
        .wrong("it is stored as the backend gave it")
        .right("it is encrypted"),
    Defect::new("R35c", Class::Guard, "a URL is stored that cannot be read again")
        .found_by(&["calm_customers_are_served"])
        .wrong("it is encrypted under another name than that of its row")
        .right("it is encrypted under the name of its row"),
    Defect::new("R35b", Class::Guard, "the key prefix is not stored")
        .found_by(&["created_means_addressable"])
        .wrong("step 0 is skipped")
        .right("it is stored"),
    Defect::new("R36", Class::Guard, "a repeated request is answered without credentials")
        .found_by(&["created_means_addressable"])
        .wrong("the 201 has no URL")
        .right("it has all that the first answer had"),
    Defect::new("R37", Class::Guard, "a request over the quota leaves a row")
        .found_by(&["refused_means_not_there"])
        .wrong("the row is written before the refusal")
        .right("nothing is"),
    Defect::new("R38", Class::Guard, "a deployment is accepted that is not stored")
        .found_by(&["accepted_means_there"])
        .wrong("an error of the commit is ignored")
        .right("the answer is 503: 202 means that the row is there"),
    Defect::new("R39", Class::Guard, "a deployment that has failed is shown as pending")
        .found_by(&["shown_as_it_was"])
        .wrong("the status is hidden")
        .right("it is shown, with a code and its text"),
    Defect::new("R40", Class::Guard, "the tier that was asked for is not stored")
        .found_by(&["rows_have_what_was_asked"])
        .wrong("it is empty")
        .right("the row has what was asked for"),
    Defect::new("R41", Class::Guard, "a resource without an account stays for ever")
        .found_by(&["anonymous_resources_end"])
        .wrong("its lifetime is that of the request")
        .right("it is a day at most"),
    Defect::new("R43", Class::Guard, "a refusal does not say when to come again")
        .found_by(&["refusals_have_all_fields"])
        .wrong("it has no `Retry-After` header")
        .right("every answer from 500 on has it, and it agrees with the body"),
    Defect::new("R42", Class::Guard, "a twin is made in the environment of its original")
        .found_by(&["rows_have_what_was_asked"])
        .wrong("the environment of the request is ignored")
        .right("it is used"),
    Defect::new("R44", Class::Latent, "the circuit to the backend never opens")
        .found_by(&["an_open_circuit_spares_the_backend"])
        .wrong("each request is sent to a backend that keeps failing")
        .right("after five failures in a row none is, for half a minute"),
    Defect::new(
        "R49",
        Class::Guard,
        "an object is left to others although nobody has tried to delete it",
    )
    .found_by(&["a_leak_means_a_failed_deletion"])
    .wrong("the rollback records a leak, and asks nobody")
    .right("it asks three times first"),
    Defect::new("R50", Class::Guard, "a deployment is accepted and never built")
        .found_by(&["deployments_are_served"])
        .wrong("nothing begins after the 202")
        .right("the build begins"),
    Defect::new("R51", Class::Guard, "a refusal of the second phase is only noted")
        .found_by(&["handlers_go_through_finalize"])
        .wrong("a handler notes it as a deployment does, and answers 201")
        .right("only what was answered with 202 may note it")
        .shows(Shows::InStaticCheck),
    Defect::new(
        "R52",
        Class::Guard,
        "a customer without an account gets a second resource that nobody pays",
    )
    .found_by(&["a_twin_has_a_fit_original"])
    .wrong("the team of the original is not looked at")
    .right("an original without a team has no twins"),
    Defect::new("R53", Class::Guard, "a resource gets a twin that it cannot have")
        .found_by(&["a_twin_has_a_fit_original"])
        .wrong("the status and the type of the original are not looked at")
        .right("it is active, and of the type of the twin"),
    Defect::new("R54", Class::Guard, "a customer without an account is mailed")
        .found_by(&["customers_hear_only_what_concerns_them"])
        .wrong("mails go to resources without a team, too")
        .right("they do not"),
    Defect::new("R55", Class::Latent, "work that always fails keeps all other work waiting")
        .found_by(&["everything_gets_its_turn"])
        .wrong("what fails keeps its place in its queue")
        .right("it goes behind the others"),
    Defect::new("R45", Class::Latent, "the circuit to the backend stays open")
        .found_by(&["an_open_circuit_closes_again"])
        .wrong("no request is sent to it for a day")
        .right("half a minute after the last failure the next request is"),
    Defect::new(
        "R56",
        Class::Latent,
        "one row that cannot be stored ends the whole pass of the reaper",
    )
    .found_by(&["everything_gets_its_turn"])
    .wrong("its error is returned")
    .right("the other rows, and the leaks, are done all the same"),
    Defect::new(
        "R57",
        Class::Guard,
        "the reconciler finishes a resource without the id at the provider",
    )
    .found_by(&["active_rows_are_addressable"])
    .wrong("the id that the backend tells it is dropped")
    .right("it is stored"),
    Defect::new("R58", Class::Guard, "a resource does not end when it was asked to")
        .found_by(&["rows_have_what_was_asked"])
        .wrong("its lifetime is rounded to minutes")
        .right("it is as long as was asked"),
    Defect::new("R59", Class::Hist, "a failed provision is answered with 500")
        .found_by(&["failures_answer_503"])
        .wrong("the status is that of an unforeseen error")
        .right("it is 503"),
    Defect::new("R60", Class::Guard, "a twin that failed is refused as if it were no twin")
        .found_by(&["refusals_fit_their_entry"])
        .wrong("its code is that of other requests")
        .right("it is `twin_failed`, which says that the original is as it was"),
    Defect::new("R61", Class::Guard, "a team gets more than its quota")
        .found_by(&["no_team_has_more_than_it_may"])
        .wrong("the limit is too high by one")
        .right("it is the quota"),
    Defect::new("R62", Class::Guard, "a held resource stays charged")
        .found_by(&["quota_agrees_with_the_rows"])
        .wrong("a hold refunds nothing")
        .right("it refunds the charge"),
    Defect::new(
        "R63",
        Class::Guard,
        "an object that was created late and cannot be deleted is forgotten",
    )
    .found_by(&["what_cannot_be_deleted_is_a_leak"])
    .wrong("only the transaction that ends the row records a leak")
    .right("the leak is recorded, so that the reaper tries again"),
    Defect::new("R64", Class::Latent, "a rollback whose end cannot be stored is reported as done")
        .found_by(&["a_refusal_means_terminal"])
        .wrong("the answer is that the provision has failed")
        .right("the outcome is not known yet, and the answer says so"),
    Defect::new("R65", Class::Latent, "a host with a bad key answers without the credentials")
        .found_by(&["created_means_addressable"])
        .wrong("a URL that cannot be read is left out of the answer")
        .right("the request is refused, and another host can answer it"),
    Defect::new(
        "R66",
        Class::Latent,
        "a deployment that is asked for again while it is built is refused",
    )
    .found_by(&["accepted_stays_accepted"])
    .wrong("the answer is that of types that are provided at once")
    .right("it is 202 again"),
];
