//! What the system promises that this target was written after, and how each promise stands.

use chaosdrill::Promise;

/// All promises: those of the engine, then those of the cluster and its server.
pub(crate) fn all() -> Vec<Promise> {
    [engine(), serving(), cluster()].concat()
}

fn engine() -> Vec<Promise> {
    vec![
        Promise::new("1", "a write that bypasses the protocol exists in tests only")
            .shown_statically("nothing_for_tests_is_in_production")
            .shown_statically("no_write_is_without_a_condition"),
        Promise::new("2", "failpoints are named in a catalogue, and every name in it is passed")
            .shown_statically("failpoints_are_named_in_the_catalogue"),
        Promise::new("3", "two opens that recover the same operation do not fail each other")
            .shown("recovery/engine-racing-opens", "no_open_fails_over_the_work_of_others"),
        Promise::new("4", "an open that is parked before it publishes succeeds although it lost")
            .shown("recovery/engine-racing-opens", "no_open_fails_over_the_work_of_others")
            .shown("recovery/engine-racing-opens", "a recovery found its work done"),
        Promise::new("5", "a recovery that was only partly done by others waits")
            .shown("recovery/engine-careless-tool", "audits_tell_what_became_of_it")
            .shown("recovery/engine-careless-tool", "a_sidecar_goes_only_when_nothing_is_left"),
        Promise::new("6", "each recovered operation has one audit")
            .shown("recovery/engine-racing-opens", "one_audit_per_operation")
            .shown("recovery/engine-racing-opens", "recoveries_are_recorded")
            .shown("recovery/engine-crash-in-recovery", "recoveries_are_recorded"),
        Promise::new("7", "the audit of a loser has the form of the audit of a winner")
            .shown("recovery/engine-racing-opens", "audits_name_all_that_was_moved")
            .shown("recovery/engine-racing-opens", "audits_are_complete")
            .shown("recovery/engine-late-audit", "audits_are_complete"),
        Promise::new("8", "the loser of the race is held at a known point until another has published")
            .shown("recovery/engine-racing-opens", "a recovery found its work done")
            .differs(
                "it is held at the point for a drawn time, and not until it is released: the time is virtual, and \
                 lasts for at least two rounds of the others, so one of them publishes in between",
            ),
        Promise::new("9", "a recovery that cannot list the sidecars fails the write or the open")
            .shown("recovery/engine-store-errors", "nobody_works_over_an_unlisted_recovery"),
        Promise::new("10", "a sidecar that cannot be deleted does not fail a good write")
            .shown("recovery/engine-store-errors", "a_good_write_is_not_refused"),
        Promise::new("11", "a sidecar of a newer release is refused, and none is read half")
            .shown("recovery/engine-newer-release", "nobody_works_over_a_newer_sidecar")
            .shown("recovery/engine-torn-writes", "sidecars_are_written_whole"),
        Promise::new("12", "a table behind what is published stops an open, and its sidecar stays")
            .shown(
                "recovery/engine-lost-version",
                "nothing_is_concluded_from_a_table_that_is_behind",
            )
            .shown("recovery/engine-lost-version", "an_open_names_the_table_that_is_behind")
            .shown("recovery/engine-lost-version", "an open met a table that is behind")
            .shown("recovery/engine-lost-version", "a writer waited"),
        Promise::new("13", "a merge between two of its commits is published whole or not at all")
            .shown("recovery/engine-crash-merge", "every_write_is_whole_or_absent"),
        Promise::new(
            "14",
            "a merge of a release without confirmations is rolled forward once it has reached all its tables",
        )
        .shown("recovery/engine-older-release", "old_merges_are_rolled_forward"),
        Promise::new("15", "a writer that heals rolls back no live writer")
            .shown("recovery/engine-heal-beside-writers", "no_live_writer_is_taken_back"),
        Promise::new("16", "a writer that heals puts no staged schema of a live writer in force")
            .shown("recovery/engine-heal-beside-writers", "the_schema_in_force_is_published")
            .shown("recovery/engine-crash-schema", "a_published_schema_is_put_in_force"),
        Promise::new("17", "a delete that crashes before the primary delete is whole or absent")
            .shown("recovery/engine-crash-delete", "every_write_is_whole_or_absent"),
        Promise::new("18", "a mutation or a load is in all its tables or in none")
            .shown("recovery/engine-crash-mutation", "every_write_is_whole_or_absent")
            .shown("recovery/engine-crash-load", "every_write_is_whole_or_absent")
            .shown("recovery/engine-crash-load", "the_graph_is_what_was_asked_for"),
        Promise::new("19", "maintenance that crashes loses no row, and is done once it is acknowledged")
            .shown("recovery/engine-crash-indices", "maintenance_changes_no_row")
            .shown("recovery/engine-crash-indices", "acknowledged_maintenance_is_done")
            .shown("recovery/engine-crash-optimize", "maintenance_changes_no_row")
            .shown("recovery/engine-crash-optimize", "acknowledged_maintenance_is_done"),
        Promise::new("20", "the cluster is drilled with the failpoints of the engine enabled")
            .shown("recovery/crash-in-engine", "applies_converge")
            .shown("recovery/crash-in-engine", "unexpected_state_is_not_guessed")
            .shown("recovery/crash-in-engine", "the engine recovered an operation")
            .shown("recovery/injected-errors", "the_engine_has_nothing_left_to_do"),
        Promise::new("21", "an open that recovers is needed: nobody else ends what was abandoned")
            .shown("recovery/engine-killed-hosts", "every_item_comes_to_rest"),
    ]
}

fn serving() -> Vec<Promise> {
    vec![
        Promise::new("22", "a graph whose root cannot be opened is not served; the others are")
            .shown("recovery/unservable-graphs", "a server put a graph aside: graph_unopenable")
            .shown("recovery/unservable-graphs", "healthy_graphs_serve"),
        Promise::new("23", "a graph with a query that cannot be parsed is not served")
            .shown("recovery/unservable-graphs", "a server put a graph aside: query_unparseable")
            .shown(
                "recovery/unservable-graphs",
                "a server put a graph aside: query_payload_missing",
            )
            .shown("recovery/unservable-graphs", "healthy_graphs_serve"),
        Promise::new("24", "a graph whose embedding provider cannot be resolved is not served")
            .shown(
                "recovery/unservable-graphs",
                "a server put a graph aside: embedding_provider_unknown",
            )
            .shown("recovery/unservable-graphs", "healthy_graphs_serve"),
        Promise::new("25", "a graph with a pending sidecar is not served; the others are")
            .shown("recovery/quarantine", "healthy_graphs_serve"),
        Promise::new("26", "clients see the graphs that are ready; the others answer 404")
            .shown("recovery/quarantine", "servers_answer_what_they_saw")
            .shown("recovery/unservable-graphs", "a client was answered 404")
            .shown("recovery/unreadable-ledger", "a client was answered 503"),
        Promise::new("27", "a ledger that is missing or cannot be read stops everything")
            .shown("recovery/unreadable-ledger", "a server put a graph aside: state_unreadable")
            .shown("recovery/unreadable-ledger", "servers_answer_what_they_saw")
            .shown("recovery/unreadable-ledger", "no_lost_update"),
        Promise::new("28", "a sidecar that cannot be read or names no graph stops everything")
            .shown("recovery/unreadable-sidecar", "healthy_graphs_serve")
            .shown("recovery/unreadable-sidecar", "what_cannot_be_read_is_left_alone")
            .shown("recovery/newer-release", "no_graph_moves_over_unknown_intent"),
        Promise::new("29", "errors in the shared catalogue or in policies stop everything")
            .differs("nothing is shared between graphs but the ledger: there are no policies"),
        Promise::new("30", "a cluster without any healthy graph serves nothing")
            .shown("recovery/unservable-graphs", "healthy_graphs_serve"),
        Promise::new("31", "a flag or a variable of the environment restores all or nothing")
            .shown("recovery/quarantine", "healthy_graphs_serve")
            .shown("recovery/quarantine", "a server put a graph aside: not_all_graphs_are_ready")
            .shown("recovery/quarantine", "bad_settings_are_refused"),
        Promise::new("32", "a server looks at the cluster again, and serves what was recovered")
            .shown("recovery/quarantine", "every_wanted_graph_is_served")
            .differs("the real server looks at its start only, and is restarted"),
        Promise::new("33", "the next apply fills in the profile that an old ledger lacks")
            .shown("recovery/old-ledger", "every_wanted_graph_is_served"),
        Promise::new("34", "the next apply fills in the policies that an old ledger lacks")
            .differs("there are no policies; profiles are filled in the same way"),
    ]
}

fn cluster() -> Vec<Promise> {
    vec![
        Promise::new("35", "a sidecar that cannot be deleted is reported as a warning")
            .shown("recovery/engine-errors", "what_is_left_behind_is_told")
            .differs(
                "it is an error: the graph would not be served until somebody runs another command, \
                 so the operator is asked to repeat this one",
            ),
        Promise::new("36", "a listing of the sidecars that fails is fatal, never empty")
            .shown("recovery/list-errors", "nobody_works_over_unlisted_intents"),
        Promise::new("37", "a change that the engine rejects leaves no sidecar")
            .shown("recovery/rejected-change", "a_rejected_change_leaves_no_sidecar"),
        Promise::new("38", "an error of the engine keeps the sidecar only if something moved")
            .shown("recovery/engine-errors", "moved_and_unrecorded_means_a_sidecar")
            .shown("recovery/engine-errors", "an_unmoved_graph_keeps_no_intent"),
        Promise::new("39", "a creation that did not start is retired and done in the same run")
            .shown("recovery/crash-before-create", "what_is_retired_is_done_at_once")
            .shown("recovery/crash-before-create", "applies_converge"),
        Promise::new("40", "a creation that is not recorded is rolled forward; its pin is known")
            .shown("recovery/crash-after-create", "every_change_of_the_ledger_is_explained")
            .shown("recovery/crash-after-create", "an_intent_names_the_version_that_was_reached"),
        Promise::new("41", "a schema change that did not start is retired, then made")
            .shown("recovery/crash-before-schema", "ledger_matches_live_graphs"),
        Promise::new("42", "a schema change that is not recorded is rolled forward; its pin is known")
            .shown("recovery/crash-after-schema", "every_change_of_the_ledger_is_explained")
            .shown("recovery/crash-after-schema", "an_intent_names_the_version_that_was_reached")
            .shown("recovery/crash-after-schema", "records_have_content"),
        Promise::new("43", "the ledger stays as it is if nothing was acknowledged; the lock is free")
            .shown("recovery/injected-errors", "the_report_says_what_was_written")
            .shown("recovery/injected-errors", "reported_is_persisted")
            .shown("recovery/injected-errors", "no_lock_is_left_behind"),
        Promise::new("44", "a removal that did not start is made under the same approval, once")
            .shown("recovery/crash-before-delete", "effects_stay_within_the_bound")
            .shown("recovery/crash-before-delete", "tombstones_only_after_an_empty_listing"),
        Promise::new("45", "a removal that is not recorded gets its tombstone and uses its approval")
            .shown("recovery/crash-after-delete", "an_approval_is_used_up_with_its_execution")
            .shown("recovery/crash-after-delete", "records_have_content"),
        Promise::new("46", "a ledger that another writer changed is not overwritten")
            .shown("recovery/another-writer", "no_lost_update")
            .shown("recovery/racing-without-lock", "no_lost_update"),
        Promise::new("47", "a source that changed since the plan is not applied under its digest")
            .shown("recovery/source-edited", "ledger_matches_live_graphs"),
        Promise::new("48", "an unexpected schema is neither adopted nor overwritten")
            .shown("recovery/unexpected-schema", "unexpected_state_is_not_guessed")
            .shown("recovery/crash-within-create", "recovery_never_removes_data"),
        Promise::new("49", "a second run converges: all that was asked for is there")
            .shown("recovery/crash-before-state", "acknowledged_applies_are_in_place")
            .shown("recovery/crash-before-state", "the_cluster_is_what_was_asked_for"),
    ]
}
