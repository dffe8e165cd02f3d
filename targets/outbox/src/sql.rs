//! The SQL statements of the pipeline: a dialect is a file of SQL, and the code that uses them exists once.

use chaosdrill_kit::sql::{UnsupportedDialect, for_sqlite};
use chaosdrill_rt::{
    sql::{Pool, Statements},
    statements,
};

statements! {
    /// The statements of one dialect.
    pub(crate) struct Sql {
        pub(crate) commands_find: &'static str,
        pub(crate) commands_record: &'static str,
        pub(crate) snapshots_load: &'static str,
        pub(crate) snapshots_save: &'static str,
        pub(crate) events_load: &'static str,
        pub(crate) events_version: &'static str,
        pub(crate) events_append: &'static str,
        pub(crate) outbox_enqueue: &'static str,
        pub(crate) entries_append: &'static str,
        pub(crate) accounts_save: &'static str,
        pub(crate) outbox_claimable: &'static str,
        pub(crate) outbox_claim: &'static str,
        pub(crate) outbox_bury: &'static str,
        pub(crate) outbox_complete: &'static str,
        pub(crate) outbox_release: &'static str,
        pub(crate) outbox_fail: &'static str,
        pub(crate) inbox_receive: &'static str,
        pub(crate) inbox_dead_letter: &'static str,
        pub(crate) totals_apply: &'static str,
    }
}

static SQLITE: Sql = Sql::of(Statements::new(include_str!("../sql/sqlite.sql")));

#[cfg(feature = "defects")]
statements! {
    /// Wrong forms of statements, for planted bugs: they are drilled on SQLite.
    pub(crate) struct Wrong {
        pub(crate) outbox_complete: &'static str,
        pub(crate) outbox_release: &'static str,
        pub(crate) outbox_fail: &'static str,
    }
}

#[cfg(feature = "defects")]
pub(crate) static WRONG: Wrong =
    Wrong::of(Statements::new(include_str!("../sql/sqlite.wrong.sql")));

/// Settle a message under any attempt of the worker.
#[cfg(feature = "defects")]
pub(crate) static WRONG_ATTEMPT: Wrong =
    Wrong::of(Statements::new(include_str!("../sql/sqlite.wrong_attempt.sql")));

/// Settle a message after the lease has ended.
#[cfg(feature = "defects")]
pub(crate) static WRONG_LEASE: Wrong =
    Wrong::of(Statements::new(include_str!("../sql/sqlite.wrong_lease.sql")));

/// Settle a message that any worker holds.
#[cfg(feature = "defects")]
pub(crate) static WRONG_HOLDER: Wrong =
    Wrong::of(Statements::new(include_str!("../sql/sqlite.wrong_holder.sql")));

/// The statements for the database of a pool.
pub(crate) fn of(pool: &Pool) -> Result<&'static Sql, UnsupportedDialect> {
    for_sqlite(pool, &SQLITE)
}
