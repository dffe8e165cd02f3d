//! What the system promises after which provisioning was written, and the checks that would notice if it did not hold.

use chaosdrill::Promise;

/// All promises, in the order of a provision.
pub(crate) fn all() -> Vec<Promise> {
    let mut all = Vec::from(of_the_second_phase());
    all.extend(of_the_audit());
    all.extend(of_the_answers());
    all.extend(of_the_handlers());
    all.extend(of_the_row());
    all.extend(of_the_background());
    all
}

fn of_the_second_phase() -> [Promise; 5] {
    [
        Promise::new("1", "201 means that the resource is active, can be reached and opened, and can be deleted again")
            .shown("provisioning/finalize-steps", "created_means_addressable")
            .shown("provisioning/bad-key", "created_means_addressable")
            .shown("provisioning/calm", "calm_customers_are_served"),
        Promise::new(
            "2",
            "if any step of the second phase fails, the object is deleted before the answer, or its deletion was tried in \
             vain and is tried again",
        )
            .shown("provisioning/finalize-steps", "a_rolled_back_row_leaves_nothing_behind")
            .shown("provisioning/finalize-steps", "a_leak_means_a_failed_deletion")
            .shown("provisioning/bad-key", "a_rolled_back_row_leaves_nothing_behind")
            .shown("provisioning/late-object", "what_cannot_be_deleted_is_a_leak"),
        Promise::new("3", "if any step fails, the row is soft-deleted")
            .shown("provisioning/finalize-steps", "a_refusal_means_terminal")
            .shown("provisioning/unsettled-rollback", "a_refusal_means_terminal")
            .differs(
                "the row is failed, not deleted: the system itself has changed to that later, so that customers can ask \
                 how a request ended",
            ),
        Promise::new("4", "the id at the provider is stored, or the provision has failed")
            .shown("provisioning/finalize-steps", "active_rows_are_addressable"),
        Promise::new("5", "the rollback does not depend on the request: a client that disconnects cancels nothing")
            .shown("provisioning/client-gone", "a_rolled_back_row_leaves_nothing_behind")
            .differs("the system runs it on the request's context; that is a bug of it, R20 here"),
    ]
}

fn of_the_audit() -> [Promise; 5] {
    [
        Promise::new("6", "provision.persistence_failed is written on every path on which storing the object fails")
            .shown("provisioning/w7-before-cleanup", "the_first_failure_is_audited")
            .shown("provisioning/w8-cleaned-up", "the_first_failure_is_audited")
            .shown("provisioning/w9-before-audit", "audits_agree_with_states")
            .differs(
                "if the host dies before it has written down that a step failed, nobody knows that, and the reconciler \
                 writes reconcile_abandoned",
            ),
        Promise::new(
            "7",
            "an audit has resource id, type, log prefix, id at the provider, request id, tier and environment",
        )
        .shown("provisioning/finalize-steps", "audits_have_the_fields_of_their_row")
        .shown("provisioning/w9-before-audit", "audits_have_the_fields_of_their_row")
        .shown("provisioning/odd-bytes", "audits_have_the_fields_of_their_row"),
        Promise::new("8", "customers get no mail about an audit that is not for them")
            .shown("provisioning/deployment-hurt", "customers_hear_only_what_concerns_them")
            .shown("provisioning/deployment-hurt", "every_mail_owed_is_sent")
            .shown("provisioning/deployment-hurt", "mails_are_not_repeated")
            .shown("provisioning/turns", "everything_gets_its_turn"),
        Promise::new("9", "each kind of audit has a declared consumer, or none on purpose")
            .shown("provisioning/calm", "every_declared_kind_is_handled"),
        Promise::new("10", "an audit that fails or is slow never blocks or changes the answer")
            .shown("provisioning/audit-store", "the_audit_never_blocks_the_answer")
            .shown("provisioning/audit-store", "failures_answer_503")
            .shown("provisioning/audit-store", "audits_agree_with_states"),
    ]
}

fn of_the_answers() -> [Promise; 5] {
    [
        Promise::new("11", "a failed provision is answered with 503 and provision_failed")
            .shown("provisioning/bad-key", "failures_answer_503")
            .shown("provisioning/bad-key", "an answer was provision_failed"),
        Promise::new("12", "while the circuit to the backend is open, the code is provisioner_unavailable")
            .shown("provisioning/backend-away", "an answer was provisioner_unavailable"),
        Promise::new("12b", "the circuit opens after five failures in a row, and closes half a minute after the last")
            .shown("provisioning/backend-away", "an_open_circuit_spares_the_backend")
            .shown("provisioning/backend-away", "an_open_circuit_closes_again"),
        Promise::new("13", "each code of 500 and above has a text of its own that keeps the contract and asks for a retry")
            .shown("provisioning/bad-key", "guidance_fits_the_answer"),
        Promise::new("24", "a 503 has all its fields, and a header that says when to come again")
            .shown("provisioning/bad-key", "refusals_have_all_fields"),
    ]
}

fn of_the_handlers() -> [Promise; 4] {
    [
        Promise::new("14", "no handler creates a resource past the second phase")
            .shown_statically("handlers_go_through_finalize"),
        Promise::new("15", "no handler swallows the refusal of the second phase, or only notes it before its answer")
            .shown_statically("handlers_go_through_finalize"),
        Promise::new("16", "all entry points do so: those without an account, those for a team, and those of twins")
            .shown("provisioning/entry-points", "created_means_addressable")
            .shown("provisioning/entry-points", "rows_have_what_was_asked")
            .shown("provisioning/entry-points", "anonymous_resources_end")
            .shown("provisioning/entry-points", "refusals_fit_their_entry")
            .shown("provisioning/refused-twins", "refusals_fit_their_entry")
            .shown("provisioning/entry-points", "a_twin_has_a_fit_original")
            .shown_statically("handlers_go_through_finalize")
            .differs(
                "17 entry points for a team or a customer without an account share the handlers of their types: 11 \
                 functions in all, with those of twins and deployments",
            ),
        Promise::new(
            "18",
            "a deployment is answered with 202 once its row is stored, it is built after that, and its row shows how that \
             ends",
        )
        .shown("provisioning/deployments", "accepted_means_there")
        .shown("provisioning/deployments", "accepted_stays_accepted")
        .shown("provisioning/deployments", "deployments_are_served")
        .shown("provisioning/deployments", "shown_as_it_was")
        .shown("provisioning/deployments", "a failed deployment was shown")
        .shown("provisioning/deployment-hurt", "every_item_comes_to_rest"),
    ]
}

fn of_the_row() -> [Promise; 3] {
    [
        Promise::new("17", "the schema allows every status of the code, and each migration can be applied again at any boot")
            .shown("provisioning/reboots", "statuses_in_code_equal_the_check")
            .shown("provisioning/reboots", "every_boot_comes_up")
            .waits_for("PostgreSQL: a CHECK that is added to a table with rows"),
        Promise::new("19", "only a pending row becomes active, and a lost answer takes no active resource down")
            .shown("provisioning/stalled-handler", "terminal_is_final")
            .shown("provisioning/clock-skew", "terminal_is_final")
            .shown("provisioning/clock-skew", "active_rows_have_their_object")
            .shown("provisioning/finalize-answers-lost", "active_rows_have_their_object"),
        Promise::new("20", "a team is charged for exactly what it has, and has no more than its quota")
            .shown("provisioning/quota", "quota_agrees_with_the_rows")
            .shown("provisioning/quota", "no_team_has_more_than_it_may")
            .shown("provisioning/quota", "refused_means_not_there"),
    ]
}

fn of_the_background() -> [Promise; 3] {
    [
        Promise::new("21", "a row that was left pending is finished or rolled back, and not while its handler is at work")
            .shown("provisioning/w1-row-created", "every_item_comes_to_rest")
            .shown("provisioning/slow-provision", "a_slow_provision_keeps_its_row")
            .shown("provisioning/slow-provision", "reconciler_waits_for_the_lease")
            .shown("provisioning/racing-reconcilers", "quota_agrees_with_the_rows")
            .differs(
                "leases are kept by the clocks of the hosts: where these disagree by more than a lease, a handler at work \
                 can be succeeded, and one of the two settles",
            ),
        Promise::new("22", "the sweep deletes objects that belong to no resource, and no others")
            .shown("provisioning/sweep-and-orphans", "no_object_is_out_of_reach")
            .shown("provisioning/sweep-in-flight", "the_sweep_spares_the_living")
            .shown("provisioning/sweep-and-orphans", "the_sweep_spares_the_living"),
        Promise::new("23", "the reaper ends what has run out, and a row is deleted only after its object")
            .shown("provisioning/failing-teardown", "taken_down_means_gone")
            .shown("provisioning/failing-teardown", "nothing_outlives_its_time")
            .shown("provisioning/backend-trouble", "every_leak_is_cleared")
            .shown("provisioning/turns", "everything_gets_its_turn"),
    ]
}
