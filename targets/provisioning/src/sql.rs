//! The SQL statements and the migrations: a dialect is files of SQL, and the code that uses them exists once.

use chaosdrill_kit::sql::{UnsupportedDialect, for_sqlite};
use chaosdrill_rt::{
    defect,
    sql::{Pool, Statements},
    statements,
};

statements! {
    /// The statements of one dialect.
    pub(crate) struct Sql {
        pub(crate) resources_latest: &'static str,
        pub(crate) resources_look: &'static str,
        pub(crate) resources_insert: &'static str,
        pub(crate) resources_heartbeat: &'static str,
        pub(crate) resources_set_prefix: &'static str,
        pub(crate) resources_set_url: &'static str,
        pub(crate) resources_set_provider: &'static str,
        pub(crate) resources_activate: &'static str,
        pub(crate) resources_doom: &'static str,
        pub(crate) resources_take: &'static str,
        pub(crate) resources_promote: &'static str,
        pub(crate) resources_fail: &'static str,
        pub(crate) resources_hold: &'static str,
        pub(crate) resources_close: &'static str,
        pub(crate) reconcile_candidates: &'static str,
        pub(crate) reconcile_stamp: &'static str,
        pub(crate) reaper_due: &'static str,
        pub(crate) reaper_closed: &'static str,
        pub(crate) reaper_finish: &'static str,
        pub(crate) sweep_live: &'static str,
        pub(crate) leaks_record: &'static str,
        pub(crate) leaks_open: &'static str,
        pub(crate) leaks_tried: &'static str,
        pub(crate) quota_charge: &'static str,
        pub(crate) quota_key: &'static str,
        pub(crate) quota_refund: &'static str,
        pub(crate) audit_append: &'static str,
        pub(crate) audit_missing: &'static str,
        pub(crate) forwards_open: &'static str,
        pub(crate) forwards_record: &'static str,
        pub(crate) turns_put_behind: &'static str,
    }
}

static SQLITE: Sql = Sql::of(Statements::new(include_str!("../sql/sqlite.sql")));

statements! {
    /// The migrations. Each is applied once more at every boot.
    struct Migrations {
        migrate_0001: &'static str,
        migrate_0002: &'static str,
        migrate_0003: &'static str,
        migrate_0004: &'static str,
        migrate_0005: &'static str,
        migrate_0006: &'static str,
    }
}

static MIGRATIONS: Migrations = Migrations::of(Statements::new(concat!(
    include_str!("../migrations/sqlite/0001_resources.sql"),
    include_str!("../migrations/sqlite/0002_pending.sql"),
    include_str!("../migrations/sqlite/0003_failed.sql"),
    include_str!("../migrations/sqlite/0004_neighbours.sql"),
    include_str!("../migrations/sqlite/0005_forwards.sql"),
    include_str!("../migrations/sqlite/0006_turns.sql"),
)));

#[cfg(feature = "defects")]
statements! {
    /// Wrong forms of statements, for planted bugs: they are drilled on SQLite.
    pub(crate) struct Wrong {
        pub(crate) resources_activate: &'static str,
        pub(crate) sweep_live: &'static str,
        pub(crate) forwards_open: &'static str,
    }
}

#[cfg(feature = "defects")]
pub(crate) static WRONG: Wrong =
    Wrong::of(Statements::new(include_str!("../sql/sqlite.wrong.sql")));

#[cfg(feature = "defects")]
statements! {
    /// As [`Wrong`], of migrations.
    struct WrongMigrations {
        migrate_0002: &'static str,
        migrate_0003: &'static str,
    }
}

#[cfg(feature = "defects")]
static WRONG_MIGRATIONS: WrongMigrations =
    WrongMigrations::of(Statements::new(include_str!("../sql/migrations.wrong.sql")));

/// The statements for the database of a pool.
pub(crate) fn of(pool: &Pool) -> Result<&'static Sql, UnsupportedDialect> {
    for_sqlite(pool, &SQLITE)
}

/// The migrations, in order.
pub(crate) fn migrations() -> [&'static str; 6] {
    [
        MIGRATIONS.migrate_0001,
        defect!("R9", WRONG_MIGRATIONS.migrate_0002, MIGRATIONS.migrate_0002),
        defect!("R8", WRONG_MIGRATIONS.migrate_0003, MIGRATIONS.migrate_0003),
        MIGRATIONS.migrate_0004,
        MIGRATIONS.migrate_0005,
        MIGRATIONS.migrate_0006,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_migration_knows_fewer_states_than_another() {
        for sql in migrations() {
            let states = crate::resource::Status::ALL.map(crate::resource::Status::name);
            let has_check = sql.contains("CHECK (status IN");
            let has_all = states.iter().all(|status| sql.contains(&format!("'{status}'")));
            assert!(!has_check || has_all, "{sql}");
        }
    }
}
