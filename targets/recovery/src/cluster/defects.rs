//! The planted bugs of the cluster layer, as plain data: the wrong behaviour, the right one, and the check that must
//! detect it.

use chaosdrill_rt::defect::{Class, Defect, Shows};

/// All planted bugs, by id.
pub const DEFECTS: &[Defect] = &[
    Defect::new("G1", Class::Guard, "a create that never started blocks its graph forever")
        .found_by(&["applies_converge"])
        .wrong("the sidecar is kept, and the graph stays blocked")
        .right("the sidecar is retired, and the graph is created in the same run")
        .core(),
    Defect::new("G1b", Class::Guard, "a create that never started counts as done")
        .found_by(&[
            "ledger_matches_live_graphs",
            "applies_converge",
            "unexpected_state_is_not_guessed",
        ])
        .wrong("the ledger is rolled forward because of the intent alone")
        .right("the sidecar is retired, because there is no root")
        .core(),
    Defect::new("G2", Class::Guard, "the ledger misses a graph that was created")
        .found_by(&["applies_converge", "moved_and_unrecorded_means_a_sidecar"])
        .wrong("the sidecar is retired")
        .right("the ledger is rolled forward")
        .core(),
    Defect::new("G2b", Class::Guard, "a recovery leaves no record")
        .found_by(&["every_change_of_the_ledger_is_explained"])
        .wrong("the ledger is rolled forward without a record")
        .right("there is one record for each operation")
        .core(),
    Defect::new("G2c", Class::Guard, "a graph that was created is deleted, to be created again")
        .found_by(&["recovery_never_removes_data"])
        .wrong("recovery deletes the root")
        .right("the ledger is rolled forward")
        .core(),
    Defect::new(
        "G3",
        Class::Guard,
        "a schema counts as changed although only the change was planned",
    )
    .found_by(&["ledger_matches_live_graphs", "applies_converge"])
    .wrong("the ledger is rolled forward because of the intent alone")
    .right("the live schema decides")
    .core(),
    Defect::new("G4", Class::Guard, "the ledger misses a schema that was changed")
        .found_by(&["applies_converge", "moved_and_unrecorded_means_a_sidecar"])
        .wrong("the sidecar is retired")
        .right("the ledger is rolled forward")
        .core(),
    Defect::new("G4b", Class::Guard, "a recovery is recorded under the wrong actor")
        .found_by(&["every_change_of_the_ledger_is_explained"])
        .wrong("the record names the actor of the command that recovers")
        .right("it names the actor that started the operation"),
    Defect::new("G5", Class::Guard, "an existing graph gets a tombstone")
        .found_by(&["tombstones_only_after_an_empty_listing"])
        .wrong("a tombstone is written although the root exists, and the approval is used up")
        .right("the sidecar is retired, and the removal is proposed again")
        .core(),
    Defect::new("G6", Class::Guard, "the ledger misses a graph that was removed")
        .found_by(&["every_change_of_the_ledger_is_explained"])
        .wrong("the sidecar is retired")
        .right("tombstone, approval and record are written")
        .core(),
    Defect::new(
        "G6b",
        Class::Guard,
        "a removal that recovery completes leaves its approval usable",
    )
    .found_by(&["an_approval_is_used_up_with_its_execution"])
    .wrong("only the tombstone is written")
    .right("the approval is used up at the same time")
    .core(),
    Defect::new("G7", Class::Guard, "the ledger names payloads that do not exist")
        .found_by(&["the_ledger_names_only_payloads_that_are_there"])
        .wrong("payloads are stored after the ledger is written")
        .right("they are stored before it")
        .core(),
    Defect::new("G7b", Class::Guard, "an error leaks the lock")
        .found_by(&["no_lock_is_left_behind"])
        .wrong("the lock is released only on success")
        .right("it is always released")
        .core(),
    Defect::new("G8", Class::Guard, "a ledger from another writer is overwritten")
        .found_by(&["no_lost_update"])
        .wrong("the ledger is written unconditionally")
        .right("it is written only over the content that was read")
        .core(),
    Defect::new(
        "G8b",
        Class::Latent,
        "the compare-and-swap of the ledger is a comparison followed by a write",
    )
    .found_by(&["no_lost_update"])
    .wrong("the put has no condition")
    .right("the put has a condition"),
    Defect::new(
        "G9",
        Class::Hist,
        "statuses are reported that were not stored, because the write failed",
    )
    .found_by(&["reported_is_persisted"])
    .wrong("the statuses in memory are reported")
    .right("the statuses in the store are reported")
    .core(),
    Defect::new(
        "G9b",
        Class::Latent,
        "statuses are reported that were not stored, because recovery changed them",
    )
    .found_by(&["reported_is_persisted"])
    .wrong("a command that ends early reports the statuses after recovery")
    .right("it reports the stored statuses")
    .core(),
    Defect::new("G10", Class::Hist, "a change that the engine rejects leaves an intent behind")
        .found_by(&["a_rejected_change_leaves_no_sidecar"])
        .wrong("the sidecar is written before the preview, and stays")
        .right("the preview is first")
        .core(),
    Defect::new(
        "G11",
        Class::Hist,
        "the sidecar of one graph prevents all graphs from being served",
    )
    .found_by(&["healthy_graphs_serve"])
    .wrong("any sidecar is fatal")
    .right("only its own graph is not served")
    .core(),
    Defect::new("G12", Class::Guard, "an intent is deleted although something has changed")
        .found_by(&["moved_and_unrecorded_means_a_sidecar"])
        .wrong("every error of the engine deletes the sidecar")
        .right("the sidecar is deleted only if digest and version are unchanged")
        .core(),
    Defect::new(
        "G12b",
        Class::Guard,
        "an intent is deleted although something has changed that readers cannot see yet",
    )
    .found_by(&["moved_and_unrecorded_means_a_sidecar"])
    .wrong("only the digest is compared")
    .right("the version of the manifest is compared too"),
    Defect::new("G13", Class::Hist, "a sidecar that could not be deleted is not reported")
        .found_by(&["what_is_left_behind_is_told"])
        .wrong("the result is ignored")
        .right("it is reported")
        .core(),
    Defect::new("G13b", Class::Latent, "as G13, after a successful command")
        .found_by(&["what_is_left_behind_is_told"])
        .wrong("the result is ignored")
        .right("it is reported"),
    Defect::new("G19", Class::Guard, "an approval is used up before the removal is recorded")
        .found_by(&["an_approval_is_used_up_with_its_execution"])
        .wrong("its file is marked before the ledger is written")
        .right("its file is marked afterwards")
        .core(),
    Defect::new("G19b", Class::Latent, "one approval is used twice")
        .found_by(&["effects_stay_within_the_bound"])
        .wrong("only its file is checked")
        .right("the record in the ledger is checked too")
        .core(),
    Defect::new("G20", Class::Guard, "a stale approval is accepted: the graph has changed")
        .found_by(&["executed_approvals_fit_the_change"])
        .wrong("the digest of the graph is not compared")
        .right("all three digests are compared"),
    Defect::new(
        "G20b",
        Class::Latent,
        "a stale approval is accepted: it was for another configuration",
    )
    .found_by(&["executed_approvals_fit_the_change"])
    .wrong("only the digest of the graph is compared")
    .right("all three digests are compared"),
    Defect::new("G21", Class::Guard, "a graph that was created only in part is removed")
        .found_by(&["recovery_never_removes_data"])
        .wrong("recovery deletes it and tries again")
        .right("a person has to decide"),
    Defect::new("G22", Class::Guard, "an unexpected schema is overwritten")
        .found_by(&["unexpected_state_is_not_guessed"])
        .wrong("the intent is retired, and the desired schema is applied")
        .right("the graph is marked as drifted, and blocked"),
    Defect::new("G22b", Class::Guard, "an unexpected schema counts as the desired one")
        .found_by(&[
            "ledger_matches_live_graphs",
            "unexpected_state_is_not_guessed",
            "applies_converge",
        ])
        .wrong("the ledger is rolled forward")
        .right("the graph is marked as drifted, and blocked"),
    Defect::new("G23", Class::Latent, "a failed listing counts as empty")
        .found_by(&["tombstones_only_after_an_empty_listing", "applies_converge"])
        .wrong("an error means that there is nothing")
        .right("nothing is concluded from an error"),
    Defect::new("G24", Class::Latent, "graphs are changed although an intent is unknown")
        .found_by(&["no_graph_moves_over_unknown_intent"])
        .wrong("a sidecar that cannot be read is a warning")
        .right("it stops the command")
        .core(),
    Defect::new("G24b", Class::Guard, "graphs are served although an intent is unknown")
        .found_by(&["healthy_graphs_serve"])
        .wrong("a sidecar that cannot be read is a warning")
        .right("it is fatal")
        .core(),
    Defect::new(
        "G25",
        Class::Hist,
        "failpoints are named by literals, or by names that are in no catalogue",
    )
    .found_by(&["failpoints_are_named_in_the_catalogue"])
    .wrong("a scan of single lines")
    .right("a scan that understands strings, comments and lines")
    .core()
    .shows(Shows::InStaticCheck),
    Defect::new(
        "G30",
        Class::Hist,
        "fields that the ledger of an older release lacks are never filled in",
    )
    .found_by(&["every_wanted_graph_is_served"])
    .wrong("only digests are compared")
    .right("all recorded fields are compared")
    .core(),
    Defect::new("G31c", Class::Guard, "the sidecar of a newer release is skipped")
        .found_by(&["no_graph_moves_over_unknown_intent", "healthy_graphs_serve"])
        .wrong("it is ignored")
        .right("it is refused"),
    Defect::new(
        "G33",
        Class::Guard,
        "the current file is applied under the digest of the planned one",
    )
    .found_by(&["ledger_matches_live_graphs", "applies_converge"])
    .wrong("the source is read again without a comparison")
    .right("a different digest ends the command"),
    Defect::new(
        "G37",
        Class::Hist,
        "a write that bypasses the protocol is available in production",
    )
    .found_by(&["nothing_for_tests_is_in_production"])
    .wrong("it is public")
    .right("it is behind cfg(test)")
    .core()
    .shows(Shows::InStaticCheck),
    Defect::new("G39", Class::Guard, "a ledger is written, and the report denies it")
        .found_by(&["the_report_says_what_was_written"])
        .wrong("the report says that nothing was written")
        .right("it says whether the ledger was written"),
    Defect::new("G40", Class::Guard, "a schema change is skipped in silence")
        .found_by(&["acknowledged_applies_are_in_place", "the_cluster_is_what_was_asked_for"])
        .wrong("a known graph keeps its schema, and the command reports success")
        .right("its schema is changed, or the command fails"),
    Defect::new("G40b", Class::Latent, "a query that nobody wants any more stays")
        .found_by(&["acknowledged_applies_are_in_place", "the_cluster_is_what_was_asked_for"])
        .wrong("queries are only added")
        .right("the ledger has exactly the queries that are wanted"),
    Defect::new("G41", Class::Guard, "a failed listing of intents counts as empty")
        .found_by(&["nobody_works_over_unlisted_intents"])
        .wrong("commands and servers continue as if there were none")
        .right("commands fail, and servers serve nothing"),
    Defect::new("G42", Class::Guard, "an intent never says which version its operation reached")
        .found_by(&["an_intent_names_the_version_that_was_reached"])
        .wrong("the version is not written into the sidecar")
        .right("it is, when the graph has moved"),
    Defect::new("G43", Class::Guard, "a graph whose root cannot be opened is served")
        .found_by(&["healthy_graphs_serve"])
        .wrong("a failed open is ignored")
        .right("only this graph is not served"),
    Defect::new("G44", Class::Guard, "a graph with a query that cannot be parsed is served")
        .found_by(&["healthy_graphs_serve"])
        .wrong("the text of a query is not looked at")
        .right("only this graph is not served"),
    Defect::new("G44b", Class::Guard, "a graph with a query whose payload is lost is served")
        .found_by(&["healthy_graphs_serve"])
        .wrong("a payload that is not there is not missed")
        .right("only this graph is not served"),
    Defect::new(
        "G45",
        Class::Guard,
        "a graph with an embedding provider that cannot be resolved is served",
    )
    .found_by(&["healthy_graphs_serve"])
    .wrong("the provider is not looked up")
    .right("only this graph is not served"),
    Defect::new("G46", Class::Guard, "the list of graphs names graphs that are not served")
        .found_by(&["servers_answer_what_they_saw"])
        .wrong("all recorded graphs are listed")
        .right("the graphs that are ready are listed"),
    Defect::new("G46b", Class::Guard, "a graph that is not served looks like an outage")
        .found_by(&["servers_answer_what_they_saw"])
        .wrong("the answer is 503")
        .right("the answer is 404, and 503 if no graph is served"),
    Defect::new("G47", Class::Guard, "graphs are served although the ledger cannot be read")
        .found_by(&["servers_answer_what_they_saw"])
        .wrong("the server keeps what it saw before")
        .right("it serves nothing"),
    Defect::new("G48", Class::Latent, "a server looks at the cluster only at its start")
        .found_by(&["every_wanted_graph_is_served"])
        .wrong("it never looks again")
        .right("it looks again and again"),
    Defect::new("G49", Class::Guard, "a ledger that cannot be read is replaced")
        .found_by(&["no_lost_update"])
        .wrong("it counts as an empty one")
        .right("commands fail until a person puts it back"),
    Defect::new("G50", Class::Latent, "a server ignores the setting to serve all graphs or none")
        .found_by(&["healthy_graphs_serve"])
        .wrong("the variable of its environment is not looked at")
        .right("the flag or the variable is enough"),
    Defect::new("G52", Class::Latent, "a tombstone does not say who approved of it")
        .found_by(&["records_have_content"])
        .wrong("the approval is missing")
        .right("it names the approval of the removal"),
    Defect::new("G56", Class::Latent, "a refresh looks at nothing")
        .found_by(&["a_refresh_reports_what_is_live"])
        .wrong("it reports the statuses of the ledger")
        .right("it reports what the graphs are like"),
    Defect::new(
        "G57",
        Class::Latent,
        "a write without a condition is available under an innocent name",
    )
    .found_by(&["no_write_is_without_a_condition"])
    .wrong("only functions that are named as tests are looked at")
    .right("every put that overwrites is for tests or for planted bugs")
    .shows(Shows::InStaticCheck),
    Defect::new("G58", Class::Guard, "a sweep judges a graph before the engine has recovered it")
        .found_by(&["applies_converge", "the_engine_has_nothing_left_to_do"])
        .wrong("it opens the graph for reading, and what the engine left unfinished stays")
        .right("it opens the graph for writing: the engine recovers first"),
    Defect::new("G59", Class::Latent, "a schema that is published but not in force is recorded")
        .found_by(&["unexpected_state_is_not_guessed", "ledger_matches_live_graphs"])
        .wrong("a write that the engine acknowledges counts as done")
        .right("the intent stays until readers see the schema"),
    Defect::new(
        "G60",
        Class::Guard,
        "a change that failed leaves its intent although nothing has moved",
    )
    .found_by(&["an_unmoved_graph_keeps_no_intent"])
    .wrong("the intent always stays, and the graph is not served until the next command")
    .right("it is deleted if the graph is as it was"),
    Defect::new("G61", Class::Guard, "a command goes on although it cannot list the intents")
        .found_by(&["nobody_works_over_unlisted_intents"])
        .wrong("a listing that fails is reported, and the command is executed")
        .right("the command ends"),
    Defect::new(
        "G62",
        Class::Guard,
        "a graph whose intent is retired has to wait for the next command",
    )
    .found_by(&["what_is_retired_is_done_at_once"])
    .wrong("a retired intent blocks its graph as one that is kept does")
    .right("the command that retires it makes the change"),
    Defect::new("G63", Class::Latent, "a setting that means nothing is ignored")
        .found_by(&["bad_settings_are_refused"])
        .wrong("the server starts with the default")
        .right("it refuses to start"),
    Defect::new("G64", Class::Guard, "a forced unlock takes away a young lock")
        .found_by(&["only_an_old_lock_is_taken_away"])
        .wrong("the lock is taken away, however young it is")
        .right("a lock that is younger than the lease stays: its holder may be alive"),
    Defect::new("G64b", Class::Guard, "a forced unlock takes away whatever lock is there")
        .found_by(&["only_an_old_lock_is_taken_away"])
        .wrong("the lock has changed hands meanwhile, and is taken away")
        .right("only the lock that the operator named is taken away"),
    Defect::new("G65", Class::Guard, "a sidecar that cannot be read is deleted")
        .found_by(&["what_cannot_be_read_is_left_alone"])
        .wrong("it counts as scrap")
        .right("it stays until a person sees to it"),
    Defect::new("G66", Class::Guard, "a lock that cannot be read is replaced")
        .found_by(&["what_cannot_be_read_is_left_alone"])
        .wrong("a command writes its own lock over it")
        .right("commands fail until a person removes it"),
    Defect::new("G67", Class::Hist, "an operator is told to repeat what only people can mend")
        .found_by(&["nobody_repeats_what_only_people_can_mend"])
        .wrong("a lock that cannot be read, or a graph that does not open, counts as an outage")
        .right("the command says that people have to see to it first"),
];
