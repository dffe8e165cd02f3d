//! The harness's own look at the database: the rows of the scenario's watches, after every committed write.
//!
//! It reads through connections of its own and in no virtual time, so the pipeline cannot tell. A watch is read again
//! only where one of its tables was written; with triggers, views or cascades in the schema, always.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use chaosdrill_core::{limits::WATCH_ROWS_MAX, trace::EventKind};
use futures_util::TryStreamExt;
use serde_json::{Map, Value, json};
use sqlx::{
    AnyConnection, Column, Executor, Row, SqlSafeStr,
    any::{AnyRow, AnyTypeInfoKind},
};

use crate::sim::{
    Stop,
    database::{self, inline},
    world,
};

/// What a database is made of, as far as it matters to watches.
#[derive(Clone, Debug, Default)]
struct Schema {
    tables: BTreeSet<String>,
    /// A write to one table may change another, or a watch may see one through another.
    is_entangled: bool,
}

/// The rows a watch last saw.
#[derive(Default)]
struct Seen {
    /// Key and row, by the key's text.
    rows: BTreeMap<String, (Value, Value)>,
    /// The texts of their keys by their bytes: most rows are as they were, and need not be made JSON to tell.
    keys: BTreeMap<Vec<u8>, String>,
}

#[derive(Default)]
struct Inspector {
    folder: PathBuf,
    connections: BTreeMap<String, AnyConnection>,
    schemas: BTreeMap<String, Schema>,
    seen: BTreeMap<String, Seen>,
}

thread_local! {
    static INSPECTOR: RefCell<Inspector> = RefCell::default();
}

/// Makes the inspector of a new simulation.
pub(crate) fn install(folder: PathBuf) {
    INSPECTOR.set(Inspector { folder, ..Inspector::default() });
}

/// Its connections, to be closed.
pub(crate) fn take_connections() -> Vec<AnyConnection> {
    INSPECTOR.take().connections.into_values().collect()
}

/// The tables that a statement may write to, where its text says so: all the names of tables in it.
pub(crate) fn words(sql: &str) -> impl Iterator<Item = String> {
    let code = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    let words = code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    words.filter(|word| word.len() > 1).map(str::to_ascii_lowercase)
}

/// The schema may have changed.
pub(crate) fn forget_schema(database: &str) {
    INSPECTOR.with_borrow_mut(|inspector| {
        inspector.schemas.remove(database);
        // The same bytes may be other columns now.
        inspector.seen.values_mut().for_each(|seen| seen.keys.clear());
    });
}

/// Reads the watches of a database after a commit, as far as what was written concerns them.
pub(crate) fn inspect(database: &str, written: &BTreeSet<String>) {
    let watches = world::with(|world| {
        let of_this = world.watches.iter().filter(|watch| watch.database == database);
        of_this.cloned().collect::<Vec<_>>()
    });
    if watches.is_empty() {
        return;
    }
    let schema = match schema(database) {
        Ok(schema) => schema,
        Err(why) => return stop(format!("the schema of {database} cannot be read: {why}")),
    };
    for watch in watches {
        let concerns = |word: &String| schema.tables.contains(word) && written.contains(word);
        if !schema.is_entangled && !words(&watch.sql).any(|word| concerns(&word)) {
            continue;
        }
        match query(database, &watch.sql) {
            Ok(rows) if rows.len() > WATCH_ROWS_MAX => {
                stop(format!("watch {} returned more than {WATCH_ROWS_MAX} rows", watch.name));
            }
            Ok(rows) => record_changes(&watch.name, &rows),
            // Before the migrations have run there is no table to watch.
            Err(why) if is_early(&why) => {}
            Err(why) => stop(format!("watch {} cannot be read: {why}", watch.name)),
        }
    }
}

fn is_early(why: &sqlx::Error) -> bool {
    why.as_database_error().is_some_and(|error| error.message().starts_with("no such table"))
}

/// A watch that cannot be read is the scenario's mistake; the run is unknown, not wrong.
fn stop(which: String) {
    world::with(|world| world.stop = Some(Stop::Bound { which }));
}

fn schema(database: &str) -> Result<Schema, sqlx::Error> {
    let known = INSPECTOR.with_borrow(|inspector| inspector.schemas.get(database).cloned());
    if let Some(known) = known {
        return Ok(known);
    }
    let mut schema = Schema::default();
    for row in query(database, "SELECT type, name, sql FROM sqlite_master")? {
        let text =
            |column: usize| value(&row, column).as_str().unwrap_or_default().to_ascii_lowercase();
        match text(0).as_str() {
            "table" => {
                let sql = text(2);
                let acts = ["cascade", "set null", "set default"];
                schema.is_entangled |= acts.iter().any(|act| sql.contains(act));
                schema.tables.insert(text(1));
            }
            "trigger" | "view" => schema.is_entangled = true,
            _ => {}
        }
    }
    INSPECTOR
        .with_borrow_mut(|inspector| inspector.schemas.insert(database.to_owned(), schema.clone()));
    Ok(schema)
}

fn query(database: &str, sql: &str) -> Result<Vec<AnyRow>, sqlx::Error> {
    let (connection, path) = INSPECTOR.with_borrow_mut(|inspector| {
        (inspector.connections.remove(database), inspector.folder.join(format!("{database}.db")))
    });
    let mut connection = match connection {
        Some(connection) => connection,
        None => database::connect(&path)?,
    };
    let sql = sqlx::AssertSqlSafe(sql.to_owned()).into_sql_str();
    let rows = inline(connection.fetch_many(sqlx::query(sql)).try_collect::<Vec<_>>());
    INSPECTOR
        .with_borrow_mut(|inspector| inspector.connections.insert(database.to_owned(), connection));
    Ok(rows?.into_iter().filter_map(|step| step.right()).collect())
}

fn record_changes(watch: &str, rows: &[AnyRow]) {
    let mut seen =
        INSPECTOR.with_borrow_mut(|inspector| inspector.seen.remove(watch)).unwrap_or_default();
    let (mut keys, mut new) = (BTreeMap::new(), BTreeMap::new());
    let mut bytes = Vec::new();
    for row in rows {
        bytes.clear();
        append(&mut bytes, row);
        let (bytes, text) = seen.keys.remove_entry(&bytes).unwrap_or_else(|| {
            let key = value(row, 0);
            let text = key.to_string();
            new.insert(text.clone(), (key, object(row)));
            (bytes.clone(), text)
        });
        keys.insert(bytes, text);
    }
    let there: BTreeSet<&String> = keys.values().collect();
    let gone = |text: &String, _: &mut (Value, Value)| !there.contains(text);
    for (_, (key, _)) in seen.rows.extract_if(.., gone) {
        world::record(EventKind::Watch, watch, || json!({ "key": key, "row": null }));
    }
    for (text, (key, row)) in new {
        if seen.rows.get(&text).is_none_or(|(_, known)| *known != row) {
            world::record(EventKind::Watch, watch, || json!({ "key": key, "row": row }));
        }
        seen.rows.insert(text, (key, row));
    }
    seen.keys = keys;
    INSPECTOR.with_borrow_mut(|inspector| inspector.seen.insert(watch.to_owned(), seen));
}

/// Appends what a row is made of: other rows have other bytes.
fn append(bytes: &mut Vec<u8>, row: &AnyRow) {
    for index in 0..row.len() {
        let kind = kind(row, index);
        let mut add = |what: &[u8]| {
            bytes.push(kind as u8);
            bytes.extend((what.len() as u64).to_le_bytes());
            bytes.extend(what);
        };
        match kind {
            AnyTypeInfoKind::Text => {
                add(row.try_get::<&str, _>(index).unwrap_or_default().as_bytes());
            }
            AnyTypeInfoKind::Blob => add(row.try_get::<&[u8], _>(index).unwrap_or_default()),
            AnyTypeInfoKind::Real | AnyTypeInfoKind::Double => {
                add(&row.try_get::<f64, _>(index).unwrap_or_default().to_bits().to_le_bytes());
            }
            AnyTypeInfoKind::BigInt => {
                add(&row.try_get::<i64, _>(index).unwrap_or_default().to_le_bytes());
            }
            AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer => {
                add(&row.try_get::<i32, _>(index).unwrap_or_default().to_le_bytes());
            }
            AnyTypeInfoKind::Bool => {
                add(&[u8::from(row.try_get::<bool, _>(index).unwrap_or_default())]);
            }
            AnyTypeInfoKind::Null => add(&[]),
        }
    }
}

/// A row as a JSON object.
pub(crate) fn object(row: &AnyRow) -> Value {
    let members = row.columns().iter().enumerate();
    Value::Object(
        members
            .map(|(index, column)| (column.name().to_owned(), value(row, index)))
            .collect::<Map<_, _>>(),
    )
}

/// What a column of a row holds; nothing where it is null.
fn kind(row: &AnyRow, index: usize) -> AnyTypeInfoKind {
    use sqlx::ValueRef;
    match row.try_get_raw(index) {
        Ok(raw) if !raw.is_null() => raw.type_info().kind(),
        _ => AnyTypeInfoKind::Null,
    }
}

/// One column of a row as JSON; bytes are written in hex.
fn value(row: &AnyRow, index: usize) -> Value {
    match kind(row, index) {
        AnyTypeInfoKind::Null => Value::Null,
        AnyTypeInfoKind::Bool => row.try_get::<bool, _>(index).map_or(Value::Null, Value::from),
        AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer => {
            row.try_get::<i32, _>(index).map_or(Value::Null, Value::from)
        }
        AnyTypeInfoKind::BigInt => row.try_get::<i64, _>(index).map_or(Value::Null, Value::from),
        AnyTypeInfoKind::Real | AnyTypeInfoKind::Double => {
            row.try_get::<f64, _>(index).map_or(Value::Null, Value::from)
        }
        AnyTypeInfoKind::Text => row.try_get::<String, _>(index).map_or(Value::Null, Value::from),
        AnyTypeInfoKind::Blob => {
            let hex =
                |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            row.try_get::<Vec<u8>, _>(index).map_or(Value::Null, |bytes| Value::from(hex(bytes)))
        }
    }
}
