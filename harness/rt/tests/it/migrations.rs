//! Migrations, applied and reverted.

use chaosdrill_rt::{observe, sim::Host, sql::Pool};
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
