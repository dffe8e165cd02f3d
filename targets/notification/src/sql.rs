//! The SQL statements of the pipeline: a dialect is a file of SQL, and the code that uses them exists once.

use chaosdrill_kit::sql::{UnsupportedDialect, for_sqlite};
use chaosdrill_rt::{
    sql::{Pool, Statements},
    statements,
};

statements! {
    /// The statements of one dialect.
    pub(crate) struct Sql {
        pub(crate) notifications_create: &'static str,
        pub(crate) notifications_find: &'static str,
        pub(crate) notifications_pending: &'static str,
        pub(crate) notifications_due: &'static str,
        pub(crate) notifications_lapsed: &'static str,
        pub(crate) notifications_claim: &'static str,
        pub(crate) notifications_sent: &'static str,
        pub(crate) notifications_failed: &'static str,
        pub(crate) notifications_undeliverable: &'static str,
        pub(crate) notifications_reap: &'static str,
        pub(crate) notifications_requeue: &'static str,
        pub(crate) notifications_read: &'static str,
        pub(crate) notifications_list: &'static str,
        pub(crate) dashboard_count: &'static str,
        pub(crate) dashboard_oldest: &'static str,
        pub(crate) metrics_dead: &'static str,
    }
}

static SQLITE: Sql = Sql::of(Statements::new(include_str!("../sql/sqlite.sql")));

#[cfg(feature = "defects")]
statements! {
    /// Wrong forms of statements, for planted bugs: they are drilled on SQLite.
    pub(crate) struct Wrong {
        pub(crate) notifications_pending: &'static str,
        pub(crate) notifications_claim: &'static str,
        pub(crate) notifications_sent: &'static str,
        pub(crate) notifications_failed: &'static str,
        pub(crate) notifications_sent_late: &'static str,
        pub(crate) notifications_failed_late: &'static str,
        pub(crate) notifications_undeliverable_late: &'static str,
        pub(crate) notifications_sent_fresh: &'static str,
        pub(crate) notifications_failed_zero: &'static str,
        pub(crate) notifications_failed_uncounted: &'static str,
        pub(crate) notifications_reap: &'static str,
        pub(crate) notifications_undeliverable: &'static str,
        pub(crate) notifications_requeue: &'static str,
        pub(crate) notifications_requeue_rest: &'static str,
        pub(crate) notifications_requeue_any: &'static str,
        pub(crate) notifications_read: &'static str,
        pub(crate) notifications_due: &'static str,
        pub(crate) notifications_list: &'static str,
        pub(crate) notifications_total: &'static str,
        pub(crate) dashboard_count: &'static str,
        pub(crate) metrics_dead: &'static str,
        pub(crate) dashboard_oldest: &'static str,
    }
}

#[cfg(feature = "defects")]
pub(crate) static WRONG: Wrong =
    Wrong::of(Statements::new(include_str!("../sql/sqlite.wrong.sql")));

/// The statements for the database of a pool.
pub(crate) fn of(pool: &Pool) -> Result<&'static Sql, UnsupportedDialect> {
    for_sqlite(pool, &SQLITE)
}
