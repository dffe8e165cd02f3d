//! The SQL statements of the pipeline: a dialect is a file of SQL, and the code that uses them exists once.

use chaosdrill_kit::sql::{UnsupportedDialect, for_sqlite};
use chaosdrill_rt::{
    sql::{Pool, Statements},
    statements,
};

statements! {
    /// The statements of one dialect.
    pub(crate) struct Sql {
        pub(crate) teams_create: &'static str,
        pub(crate) teams_tier: &'static str,
        pub(crate) teams_upgrade: &'static str,
        pub(crate) resources_create: &'static str,
        pub(crate) resources_find: &'static str,
        pub(crate) resources_upgrade: &'static str,
        pub(crate) resources_of_team: &'static str,
        pub(crate) resources_applied: &'static str,
        pub(crate) resources_drifted: &'static str,
        pub(crate) resources_looked_at: &'static str,
        pub(crate) kinds_declared: &'static str,
        pub(crate) upgrades_find: &'static str,
        pub(crate) upgrades_record: &'static str,
        pub(crate) propagation_enqueue: &'static str,
        pub(crate) propagation_due: &'static str,
        pub(crate) propagation_pick: &'static str,
        pub(crate) propagation_lease: &'static str,
        pub(crate) propagation_begin: &'static str,
        pub(crate) propagation_release: &'static str,
        pub(crate) propagation_retry: &'static str,
        pub(crate) propagation_apply: &'static str,
        pub(crate) propagation_fail: &'static str,
        pub(crate) propagation_requeue: &'static str,
        pub(crate) requeues_find: &'static str,
        pub(crate) requeues_record: &'static str,
        pub(crate) audit_append: &'static str,
        pub(crate) counters_add: &'static str,
        pub(crate) jobs_enqueue: &'static str,
        pub(crate) jobs_claim: &'static str,
        pub(crate) jobs_finish: &'static str,
        pub(crate) jobs_rescue: &'static str,
        pub(crate) jobs_clean: &'static str,
    }
}

static SQLITE: Sql = Sql::of(Statements::new(include_str!("../sql/sqlite.sql")));

#[cfg(feature = "defects")]
statements! {
    /// Wrong forms of statements, for planted bugs: they are drilled on SQLite.
    pub(crate) struct Wrong {
        pub(crate) propagation_retry: &'static str,
        pub(crate) propagation_apply: &'static str,
        pub(crate) propagation_fail: &'static str,
    }
}

#[cfg(feature = "defects")]
pub(crate) static WRONG: Wrong =
    Wrong::of(Statements::new(include_str!("../sql/sqlite.wrong.sql")));

/// As [`WRONG`]: with a guard for rows at rest, and without the claim.
#[cfg(feature = "defects")]
pub(crate) static UNFENCED: Wrong =
    Wrong::of(Statements::new(include_str!("../sql/sqlite.unfenced.sql")));

/// The statements for the database of a pool.
pub(crate) fn of(pool: &Pool) -> Result<&'static Sql, UnsupportedDialect> {
    for_sqlite(pool, &SQLITE)
}
