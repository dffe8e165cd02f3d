//! The schema is migrated up, down and up again with rows of every status, and no notification is lost.

use std::time::Duration;

use chaosdrill::{
    Scenario, Topology, Workload,
    fault::{Restart, at},
    rt::{sql::Pool, time},
};
use chaosdrill_scenarios_common::checks::rest;
use chaosdrill_target_notification::{BoxError, Channel, ServerConfig, schema, sweep_statements};
use serde_json::{Map, Value, json};
use sqlx::AssertSqlSafe;

use crate::{
    checks,
    checks::rows::{ITEMS, NOTIFICATIONS},
    clients::{administer, create, create_all, execute, ids_of, mark_read, minutes, notification},
    older_release,
    stage::{NotificationStage, SETTLED, outside},
};

/// How often a migration is tried before it counts as impossible.
const TRIES_MAX: usize = 20;

/// All columns of a notification; those that a schema without retries lacks are null. A name that `own` lacks is found
/// in `old`.
const ROWS: &str = "SELECT id, type, channel, recipient, message, status, created_at, sent_at, \
    (SELECT retry_count FROM notification_events AS own WHERE own.id = old.id) AS retry_count, \
    (SELECT next_retry_at FROM notification_events AS own WHERE own.id = old.id) AS next_retry_at, \
    (SELECT last_error FROM notification_events AS own WHERE own.id = old.id) AS last_error, \
    (SELECT failed_at FROM notification_events AS own WHERE own.id = old.id) AS failed_at, \
    (SELECT attempts FROM notification_events AS own WHERE own.id = old.id) AS attempts \
    FROM (SELECT id, type, channel, recipient, message, status, created_at, sent_at, \
    NULL AS retry_count, NULL AS next_retry_at, NULL AS last_error, NULL AS failed_at, \
    NULL AS attempts FROM notification_events) AS old ORDER BY id";

pub(crate) fn of_rows_in_every_status() -> Scenario {
    let scenario = Scenario::new("notification/migrations")
        .claim("the migrations can be applied, reverted and repeated with rows in every status, and lose no row")
        .topology(|stage| ways(stage, 24))
        .chaos_at_most(Duration::from_secs(90 * 60))
        .sometimes(checks::marks::a_notification_became("dead"))
        .sometimes(checks::marks::a_notification_became("undeliverable"))
        .sometimes(checks::marks::a_dead_letter_went_all_the_ways())
        .must_find([
            "N18", "N18b", "N18c", "N18d", "N33", "N34", "N35", "N36", "N37", "N38", "N46", "N56", "N57",
            "N66", "N70",
        ]);
    kept(scenario)
}

pub(crate) fn halfway() -> Scenario {
    let scenario = Scenario::new("notification/migration-halfway")
        .claim("a host that crashes or loses an answer during a migration restarts, and the schema is complete")
        .topology(|stage| ways(stage, 3))
        .faults_drawn(|stream| {
            // One host applies each migration; every host looks which are applied.
            let sites = [["sql:migrate.apply.1", "sql:migrate.apply.2"], ["sql:migrate.list", "sql:migrate.table"]];
            let mut fault = |sites: &[&'static str; 2]| {
                let site = stream.pick(sites).copied().unwrap_or(sites[0]);
                let back = Restart::After(Duration::from_secs(stream.between(1, 20)));
                match stream.below(3) {
                    0 => at(site).on_any().crash_before(back),
                    1 => at(site).on_any().crash_after(back),
                    _ => at(site).on_any().lost_ack(),
                }
            };
            sites.iter().map(&mut fault).collect()
        })
        .chaos_at_most(Duration::from_secs(90 * 60));
    kept(scenario)
}

/// The checks of rows and schema for all migrations. The columns of the retries come and go: they are null while the
/// schema is down.
fn kept(scenario: Scenario) -> Scenario {
    scenario
        .always(checks::schema::the_schema_is_as_agreed())
        .always(checks::schema::migrations_can_be_run_again())
        .always(checks::schema::notifications_survive_the_ways())
        .always(checks::ways::the_ways_keep_the_retry_state())
        .always(checks::ways::a_repeated_migration_changes_no_row())
        .always(checks::ways::terminal_is_final(ITEMS))
        .always(checks::ways::the_older_release_works())
        .always(checks::plans::sweeps_touch_only_what_is_eligible())
        .always(checks::delivery::sent_means_a_notifier_accepted())
        .always(checks::delivery::what_is_delivered_is_what_was_asked_for())
        .always(checks::answers::what_was_accepted_is_there())
        .always(checks::states::sent_at_tells_of_sending())
        .eventually(rest::every_item_comes_to_rest(ITEMS), SETTLED)
}

fn ways(stage: Topology, minutes_before: u64) -> Topology {
    let lacking = |config: &mut ServerConfig| drop(config.notifiers.remove(&Channel::Teams));
    let stage = stage.api().notifier().server("s1", lacking).server("s2", lacking);
    outside(stage).watch(NOTIFICATIONS, "notify", ROWS).client(
        "administrator",
        move |workload| async move {
            walk(&workload, minutes_before).await;
            Ok(())
        },
    )
}

async fn walk(workload: &Workload, minutes_before: u64) {
    let pool = administer().await;
    go(workload, &pool, Way::Up).await;
    look(workload, &pool, "up").await;
    create(workload, &notification("nowhere", Channel::Teams, "calm")).await;
    create_all(workload, "early", &["calm", "calm", "refused always", "refused thrice"]).await;
    minutes(minutes_before).await;
    if let Some(id) = ids_of(workload, "sent").await.last() {
        mark_read(workload, id).await;
    }
    // Some notifications fail, and one tick later some wait.
    create_all(workload, "late", &["refused once", "takes long", "takes long"]).await;
    minutes(1).await;
    create_all(workload, "later", &["calm", "takes long"]).await;
    go(workload, &pool, Way::Down).await;
    look(workload, &pool, "down").await;
    go(workload, &pool, Way::Down).await;
    create_all(workload, "older", &["calm", "refused once"]).await;
    older_release::run(workload, &pool).await;
    go(workload, &pool, Way::Up).await;
    look(workload, &pool, "up").await;
    // This simulates a restore of the tables alone: the schema exists, but the migrator has no record of it.
    execute(&pool, "DELETE FROM _sqlx_migrations WHERE version = 2").await;
    go(workload, &pool, Way::UpAgain).await;
    look(workload, &pool, "up").await;
}

#[derive(Clone, Copy)]
enum Way {
    Up,
    /// Over a schema that is up already.
    UpAgain,
    Down,
}

/// Migrates in one direction, and retries after errors, because another program may be migrating.
async fn go(workload: &Workload, pool: &Pool, way: Way) {
    let to = match way {
        Way::Up | Way::UpAgain => "up",
        Way::Down => "down",
    };
    let input = json!({ "to": to, "again": matches!(way, Way::UpAgain) });
    let going = async {
        let mut said = String::new();
        for _ in 0..TRIES_MAX {
            let gone = match way {
                Way::Up | Way::UpAgain => schema::up(pool).await,
                Way::Down => schema::down(pool, 1).await,
            };
            match gone {
                Ok(()) => return Ok("gone"),
                Err(error) => said = error.to_string(),
            }
            time::sleep(Duration::from_secs(3)).await;
        }
        Err(said)
    };
    let _ = workload.op("migrate", input, going).await;
}

/// Records what the catalogue reports about the table.
async fn look(workload: &Workload, pool: &Pool, to: &str) {
    let _ = workload.op("catalogue", json!({ "to": to }), catalogue(pool)).await;
    if to == "up" {
        let _ = workload.op("plans", Value::Null, plans(pool)).await;
    }
}

/// How the database finds the work of each sweep, by the index that it should search.
async fn plans(pool: &Pool) -> Result<Value, BoxError> {
    let mut plans = Map::new();
    for (index, statement) in sweep_statements(pool)? {
        let sql = format!("-- name: catalogue.plan\nEXPLAIN QUERY PLAN {statement}");
        let rows = sqlx::query_as::<_, (i64, i64, i64, String)>(AssertSqlSafe(sql));
        let steps = rows.fetch_all(pool).await?.into_iter().map(|(.., step)| Value::from(step));
        plans.insert(index.to_owned(), steps.collect());
    }
    Ok(Value::from(plans))
}

async fn catalogue(pool: &Pool) -> Result<Value, sqlx::Error> {
    let mut columns = Map::new();
    let rows = sqlx::query_as::<_, (String, i64, Option<String>)>(
        "-- name: catalogue.columns\nSELECT name, \"notnull\", dflt_value FROM pragma_table_info('notification_events')",
    );
    for (name, notnull, default) in rows.fetch_all(pool).await? {
        columns.insert(name, json!({ "notnull": notnull, "default": default }));
    }
    let mut indexes = Map::new();
    let rows = sqlx::query_as::<_, (String, String)>(
        "-- name: catalogue.indexes\nSELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'notification_events' AND sql IS NOT NULL",
    );
    for (name, sql) in rows.fetch_all(pool).await? {
        indexes.insert(name, Value::from(sql));
    }
    Ok(json!({ "columns": columns, "indexes": indexes }))
}
