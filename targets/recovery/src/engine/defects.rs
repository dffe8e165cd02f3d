//! The planted bugs of the engine, as plain data: the wrong behaviour, the right one, and the check that must detect
//! it.

use chaosdrill_rt::defect::{Class, Defect};

/// All planted bugs, by id.
pub const DEFECTS: &[Defect] = &[
    Defect::new(
        "G14",
        Class::Hist,
        "an open fails because it lost the compare-and-swap of a roll-forward",
    )
    .found_by(&["no_open_fails_over_the_work_of_others"])
    .wrong("the loss is returned as an error")
    .right("the loser reads what was published, and is done or waits")
    .core(),
    Defect::new("G15", Class::Hist, "a recovery is recorded twice")
        .found_by(&["one_audit_per_operation"])
        .wrong("a recovery appends an audit without looking for one")
        .right("an audit is created once, under the name of its operation")
        .core(),
    Defect::new(
        "G15b",
        Class::Latent,
        "a recovery is recorded twice while its sidecar still exists",
    )
    .found_by(&["one_audit_per_operation"])
    .wrong("an audit is appended unless the sidecar is gone")
    .right("an audit is created once, under the name of its operation"),
    Defect::new("G16", Class::Hist, "the audit of a recovery that converged is incomplete")
        .found_by(&["audits_name_all_that_was_moved"])
        .wrong("the tables that the operation adds are missing")
        .right("it has the same form as the audit of a recovery that wins")
        .core(),
    Defect::new(
        "G16b",
        Class::Hist,
        "the audit of an operation that was already published is incomplete",
    )
    .found_by(&["audits_name_all_that_was_moved"])
    .wrong("the tables that the operation adds are missing")
    .right("it has the same form as the audit of a recovery that wins"),
    Defect::new("G17", Class::Guard, "any publication counts as this operation")
        .found_by(&["a_sidecar_goes_only_when_nothing_is_left", "audits_tell_what_became_of_it"])
        .wrong("every lost compare-and-swap counts as done")
        .right("an operation is done only if its last table is published; otherwise it waits")
        .core(),
    Defect::new("G26", Class::Guard, "a failed listing of sidecars counts as empty")
        .found_by(&["nobody_works_over_an_unlisted_recovery"])
        .wrong("the write or the open continues as if there were none")
        .right("the write or the open fails"),
    Defect::new("G28", Class::Guard, "a sidecar that cannot be deleted fails a successful write")
        .found_by(&["a_good_write_is_not_refused"])
        .wrong("the error is returned to the sender, who retries")
        .right("the error is ignored, and the next recovery deletes the sidecar"),
    Defect::new("G29", Class::Guard, "a part of a merge is rolled forward")
        .found_by(&["every_write_is_whole_or_absent"])
        .wrong("the tables that have changed count as the whole merge")
        .right("it is complete only if its sidecar says so"),
    Defect::new(
        "G29b",
        Class::Guard,
        "a merge from a release without confirmations is rolled back",
    )
    .found_by(&["old_merges_are_rolled_forward"])
    .wrong("a confirmation is required in sidecars that never have one")
    .right("old sidecars keep their meaning, and are rolled forward"),
    Defect::new("G31", Class::Guard, "a sidecar of a newer release is ignored")
        .found_by(&["nobody_works_over_a_newer_sidecar"])
        .wrong("a writer that does not understand it continues as if it did not exist")
        .right("a program that does not understand it neither writes nor opens"),
    Defect::new("G31b", Class::Guard, "a sidecar can be read half written")
        .found_by(&["sidecars_are_written_whole"])
        .wrong("it is written unconditionally, byte by byte")
        .right("it exists completely or not at all"),
    Defect::new("G32", Class::Guard, "a schema is put in force while a writer is still working")
        .found_by(&["the_schema_in_force_is_published"])
        .wrong("a recovery puts any staged schema in force at once, without the key of the schema")
        .right("only after its tables are published, and one at a time"),
    Defect::new("G35", Class::Guard, "a recovering writer rolls back the work of another writer")
        .found_by(&["no_live_writer_is_taken_back"])
        .wrong("any operation that is found half done is rolled back")
        .right("a writer leaves it alone; only an open rolls back an abandoned operation"),
    Defect::new("G38", Class::Latent, "a higher version counts as one that contains the operation")
        .found_by(&[
            "acknowledged_writes_are_published",
            "audits_tell_what_became_of_it",
            "a_sidecar_goes_only_when_nothing_is_left",
        ])
        .wrong("only numbers are compared")
        .right("the versions are followed back to those of the operation"),
    Defect::new("G51", Class::Latent, "an audit does not say for whom it was")
        .found_by(&["audits_are_complete"])
        .wrong("the actor is missing")
        .right("it names the actor that asked for the operation"),
    Defect::new("G53", Class::Latent, "an open recovers nothing")
        .found_by(&["every_item_comes_to_rest", "every_request_is_answered"])
        .wrong("what is left behind stays")
        .right("an open settles what is complete or abandoned"),
    Defect::new("G54", Class::Guard, "half of a delete counts as the whole")
        .found_by(&["every_write_is_whole_or_absent"])
        .wrong("the sidecar does not name the table that is deleted from last")
        .right("it names all tables"),
    Defect::new("G55", Class::Guard, "an operation is settled although a table has lost versions")
        .found_by(&["nothing_is_concluded_from_a_table_that_is_behind"])
        .wrong("the operation is taken back")
        .right("an open fails, and the sidecar stays until the versions are back"),
    Defect::new("G70", Class::Guard, "a published schema is never put in force")
        .found_by(&["a_published_schema_is_put_in_force"])
        .wrong("the staged schema stays where it is")
        .right("it replaces the schema in force before the sidecar is deleted"),
    Defect::new(
        "G71",
        Class::Guard,
        "a recovery that finds its operation published does not record it",
    )
    .found_by(&["recoveries_are_recorded"])
    .wrong("the sidecar is deleted without an audit")
    .right("an audit is recorded before the sidecar is deleted"),
    Defect::new("G72", Class::Latent, "half of an index counts as the whole")
        .found_by(&["acknowledged_maintenance_is_done"])
        .wrong("the last commit indexes as many rows as the first")
        .right("it indexes all rows"),
    Defect::new("G73", Class::Latent, "a compaction leaves the fragments as they were")
        .found_by(&["acknowledged_maintenance_is_done"])
        .wrong("only the indices are rebuilt")
        .right("one fragment is left"),
    Defect::new("G74", Class::Guard, "a compaction drops rows")
        .found_by(&["maintenance_changes_no_row"])
        .wrong("only indexed rows are kept")
        .right("all rows are kept"),
    Defect::new("G75", Class::Guard, "an index drops rows")
        .found_by(&["maintenance_changes_no_row"])
        .wrong("only the rows of the first commit are kept")
        .right("all rows are kept"),
    Defect::new("G76", Class::Latent, "a merge into a changed table deletes nothing")
        .found_by(&["acknowledged_writes_are_published", "the_graph_is_what_was_asked_for"])
        .wrong("the rows that the branch deleted stay")
        .right("they are deleted"),
    Defect::new("G77", Class::Latent, "an open blames the wrong table")
        .found_by(&["an_open_names_the_table_that_is_behind"])
        .wrong("it names the first table of the operation")
        .right("it names the table that is behind what is published"),
    Defect::new("G78", Class::Latent, "a request deletes a receipt")
        .found_by(&["receipts_stay", "requests_for_receipts_are_refused"])
        .wrong("receipts are deleted like other rows, and a repeated request is applied twice")
        .right("such a request is refused"),
    Defect::new("G79", Class::Guard, "a write that reached one of its tables is published")
        .found_by(&["every_write_is_whole_or_absent"])
        .wrong("one table that has moved is enough")
        .right("all its tables must have moved"),
    Defect::new("G80", Class::Guard, "a rollback keeps the rows of the operation")
        .found_by(&["every_write_is_whole_or_absent", "audits_tell_what_became_of_it"])
        .wrong("the new version has the newest rows")
        .right("it has the published rows"),
    Defect::new("G81", Class::Guard, "a publication replaces any version")
        .found_by(&["nothing_published_is_dropped"])
        .wrong("the published versions are not compared")
        .right("each table must be published at the expected version"),
    Defect::new("G82", Class::Guard, "a write is acknowledged before it is published")
        .found_by(&["acknowledged_writes_are_published", "reads_see_what_was_acknowledged"])
        .wrong("it counts as done once all its tables have moved")
        .right("it counts as done once the manifest has it"),
    Defect::new("G83", Class::Guard, "a reader sees what is not published")
        .found_by(&["reads_see_what_is_published"])
        .wrong("it reads the newest version of each table")
        .right("it reads the published versions"),
    Defect::new("G84", Class::Guard, "a writer that fails leaves tables moved and no sidecar")
        .found_by(&["a_sidecar_goes_only_when_nothing_is_left"])
        .wrong("it deletes its sidecar, whatever has moved")
        .right("it rolls the tables back, or leaves the sidecar to an open"),
    Defect::new("G85", Class::Latent, "a late audit names tables that only others moved")
        .found_by(&["audits_are_complete"])
        .wrong("every table of the intent is named, as it is by now")
        .right("only tables whose versions lead to the operation are named"),
    Defect::new("G86", Class::Guard, "an operation is published while it is being rolled back")
        .found_by(&["no_table_is_left_behind"])
        .wrong("a publication does not look at the operations that are being rolled back")
        .right("such an operation is published no more"),
];
