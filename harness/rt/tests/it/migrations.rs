//! Migrations, applied and reverted.

use chaosdrill_core::trace::EventKind;
use chaosdrill_rt::{
    observe,
    sim::{Host, Watch},
    sql::Pool,
};
use sqlx::{
    SqlSafeStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use crate::lab::{lab, observed};

fn migrator() -> Migrator {
    let steps = [
        (1, MigrationType::ReversibleUp, "CREATE TABLE first (id INTEGER PRIMARY KEY)"),
        (1, MigrationType::ReversibleDown, "DROP TABLE first"),
        (2, MigrationType::ReversibleUp, "CREATE TABLE second (id INTEGER PRIMARY KEY)"),
        (2, MigrationType::ReversibleDown, "DROP TABLE second"),
    ];
    let migration = |(version, kind, sql): (i64, MigrationType, &'static str)| {
        Migration::new(version, "step".into(), kind, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(steps.map(migration).into())
}

async fn tables(pool: &Pool) -> Result<String, sqlx::Error> {
    let sql = "SELECT name FROM sqlite_master WHERE name IN ('first', 'second') ORDER BY name";
    Ok(sqlx::query_scalar::<_, String>(sql).fetch_all(pool).await?.join(" "))
}

/// Migrates up, down to a version, down to nothing, and up again.
async fn there_and_back(pool: &Pool) -> Result<Vec<String>, MigrateError> {
    let mut seen = Vec::new();
    pool.migrate(&migrator()).await?;
    seen.push(tables(pool).await?);
    for target in [1, 0, 0] {
        pool.undo(&migrator(), target).await?;
        seen.push(tables(pool).await?);
    }
    pool.migrate(&migrator()).await?;
    seen.push(tables(pool).await?);
    Ok(seen)
}

const SEEN: [&str; 5] = ["first second", "first", "", "", "first second"];

#[test]
fn undone_on_a_simulated_connection() {
    let host = || {
        Host::new("a", || async {
            let pool = Pool::connect("sqlite:schema.db").await?;
            let seen = there_and_back(&pool).await;
            observe!("seen", seen = seen.map_err(|error| error.to_string()));
            Ok(())
        })
    };
    let calm = lab(0, "", vec![host().client()]).run();
    let seen: Vec<String> = SEEN.iter().map(|tables| format!("\"{tables}\"")).collect();
    assert_eq!(observed(&calm), [format!("a seen {{\"seen\":{{\"Ok\":[{}]}}}}", seen.join(","))]);
    // Each step is a boundary: if a fault strikes there, the migrations that were not reverted remain.
    assert_eq!(calm.sites.get("sql:migrate.revert.2"), Some(&1), "{:?}", calm.sites);
    let fault = "[[fault]]\nat = { host = \"a\", site = \"sql:migrate.revert.1\", hit = 1 }\n\
                 do = { error = \"reset\" }\n";
    let hurt = observed(&lab(0, fault, vec![host().client()]).run());
    assert!(hurt[0].contains("Err"), "{hurt:?}");
}

#[test]
fn checks_see_the_rows_that_a_migration_changes() {
    let migrator = || {
        let steps = [
            (1, MigrationType::Simple, "CREATE TABLE item (id INTEGER PRIMARY KEY, state TEXT)"),
            (2, MigrationType::ReversibleUp, "INSERT INTO item (id, state) VALUES (1, 'new')"),
            (2, MigrationType::ReversibleDown, "DELETE FROM item"),
            // The columns of the watch change, and its rows do not.
            (3, MigrationType::ReversibleUp, "ALTER TABLE item ADD COLUMN note TEXT"),
            (3, MigrationType::ReversibleDown, "ALTER TABLE item DROP COLUMN note"),
        ];
        let migration = |(version, kind, sql): (i64, MigrationType, &'static str)| {
            Migration::new(version, "step".into(), kind, sql.into_sql_str(), false)
        };
        Migrator::with_migrations(steps.map(migration).into())
    };
    let host = Host::new("a", move || async move {
        let pool = Pool::connect("sqlite:schema.db").await?;
        pool.migrate(&migrator()).await?;
        pool.undo(&migrator(), 1).await?;
        Ok(())
    });
    let mut lab = lab(0, "", vec![host.client()]);
    let watch = |name: &str, sql: &str| Watch {
        name: name.into(),
        database: "schema".into(),
        sql: sql.into(),
    };
    // The second watch fits the schema only for a while.
    lab.config.watches = vec![
        watch("item", "SELECT id, state FROM item"),
        watch("noted", "SELECT id, note FROM item"),
    ];
    let finished = lab.run();
    let rows = |watch: &str| -> Vec<String> {
        let events = finished.trace.events().iter();
        let seen = events.filter(|event| event.kind == EventKind::Watch && event.name == watch);
        seen.map(|event| event.row().to_string()).collect()
    };
    assert_eq!(rows("item"), [r#"{"id":1,"state":"new"}"#, "null"]);
    assert_eq!(rows("noted"), [r#"{"id":1,"note":null}"#]);
}
