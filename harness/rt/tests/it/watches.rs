//! A watch reports each change of its rows, and nothing else.

use chaosdrill_core::EventKind;
use chaosdrill_rt::{
    sim::{Host, Watch},
    sql::{Pool, PoolOptions},
};

use crate::lab::lab;

/// The reports of the watch after each of these statements, as one line of JSON each.
fn watched(statements: &[&'static str]) -> Vec<String> {
    let statements = statements.to_vec();
    let writer = move || {
        let statements = statements.clone();
        async move {
            // One connection, because some transactions last over several statements.
            let one = PoolOptions { connections_max: 1, ..PoolOptions::default() };
            let pool = Pool::connect_with("sqlite:watched.db", one).await?;
            let mut pool = pool.acquire().await?;
            for statement in &statements {
                // Some must fail.
                drop(sqlx::raw_sql(*statement).execute(&mut pool).await);
            }
            Ok(())
        }
    };
    let mut lab = lab(1, "", vec![Host::new("writer", writer).client()]);
    let watch = |name: &str, sql: &str| Watch {
        name: name.into(),
        database: "watched".into(),
        sql: sql.into(),
    };
    lab.config.watches = vec![
        watch("item", "SELECT * FROM item ORDER BY id"),
        // The same rows, but the harness cannot read them one by one.
        watch("all", "SELECT * FROM item WHERE 1 ORDER BY id"),
    ];
    let finished = lab.run();
    let of = |name: &str| -> Vec<String> {
        let events = finished.trace.events().iter();
        let told = events.filter(|event| event.kind == EventKind::Watch && event.name == name);
        told.map(|event| event.data.to_string()).collect()
    };
    assert_eq!(of("item"), of("all"));
    of("item")
}

#[test]
fn rows_come_change_go_and_come_back() {
    let told = watched(&[
        "CREATE TABLE item (id INTEGER PRIMARY KEY, note TEXT)",
        "INSERT INTO item VALUES (1, 'a'), (2, 'b')",
        "UPDATE item SET note = 'c' WHERE id = 2",
        "UPDATE item SET note = note",
        "DELETE FROM item WHERE id = 1",
        "INSERT INTO item VALUES (1, 'a')",
    ]);
    assert_eq!(
        told,
        [
            r#"{"key":1,"row":{"id":1,"note":"a"}}"#,
            r#"{"key":2,"row":{"id":2,"note":"b"}}"#,
            r#"{"key":2,"row":{"id":2,"note":"c"}}"#,
            r#"{"key":1,"row":null}"#,
            r#"{"key":1,"row":{"id":1,"note":"a"}}"#,
        ]
    );
}

#[test]
fn a_column_that_is_renamed_is_told_by_its_new_name() {
    let told = watched(&[
        "CREATE TABLE item (id INTEGER PRIMARY KEY, note TEXT)",
        "INSERT INTO item VALUES (1, 'a')",
        "ALTER TABLE item RENAME COLUMN note TO remark",
        "UPDATE item SET remark = remark",
    ]);
    assert_eq!(
        told,
        [r#"{"key":1,"row":{"id":1,"note":"a"}}"#, r#"{"key":1,"row":{"id":1,"remark":"a"}}"#]
    );
}

#[test]
fn an_empty_text_is_not_nothing() {
    let told = watched(&[
        "CREATE TABLE item (id INTEGER PRIMARY KEY, note TEXT)",
        "INSERT INTO item VALUES (1, NULL)",
        "UPDATE item SET note = ''",
    ]);
    assert_eq!(
        told,
        [r#"{"key":1,"row":{"id":1,"note":null}}"#, r#"{"key":1,"row":{"id":1,"note":""}}"#,]
    );
}

/// Tables of every kind, and all ways in which rows change. Each watch sees the same, whether it reads only the rows
/// that SQLite reports as written, or all.
#[test]
fn a_watch_misses_no_row_that_changes() {
    const TABLES: [&[&str]; 8] = [
        &["CREATE TABLE item (id INTEGER PRIMARY KEY, note TEXT UNIQUE)"],
        &["CREATE TABLE item (id INTEGER PRIMARY KEY, note TEXT UNIQUE ON CONFLICT REPLACE)"],
        &["CREATE TABLE item (id TEXT PRIMARY KEY, note TEXT)"],
        &["CREATE TABLE item (id INTEGER, note TEXT, PRIMARY KEY (id)) WITHOUT ROWID"],
        // The key does not identify a row.
        &["CREATE TABLE item (id INTEGER, note TEXT)"],
        &["CREATE TABLE item (id INTEGER, note TEXT, rowid TEXT, PRIMARY KEY (id, note))"],
        &[
            "CREATE TABLE item (id INTEGER PRIMARY KEY, note TEXT UNIQUE)",
            // It deletes row 12.
            "CREATE TRIGGER more AFTER UPDATE ON item WHEN new.note = 'two' BEGIN REPLACE INTO item VALUES (14, 'l'); END",
        ],
        &[
            "CREATE TABLE owner (id INTEGER PRIMARY KEY)",
            "INSERT INTO owner VALUES (1), (2), (3)",
            "CREATE TABLE item (id INTEGER PRIMARY KEY, note TEXT, own INTEGER DEFAULT 1 REFERENCES owner ON DELETE CASCADE)",
        ],
    ];
    const WRITES: [&str; 48] = [
        "INSERT INTO item (id, note) VALUES (1, 'a'), (2, 'b'), (3, 'c')",
        "INSERT INTO item (id, note) VALUES (5, 'e'), (6, 'f'), (7, 'g'), (8, 'h'), (9, 'i')",
        "INSERT INTO item (id, note) VALUES (10, 'j'), (11, 'k'), (12, 'l'), (13, 'm')",
        "UPDATE item SET note = note || 'x' WHERE id = 2",
        "REPLACE INTO item (id, note) VALUES (2, 'c')",
        "INSERT OR REPLACE INTO item (id, note) VALUES (20, 'e')",
        "INSERT INTO item (id, note) VALUES (21, 'f')",
        "UPDATE OR REPLACE item SET note = 'g' WHERE id = 1",
        "INSERT INTO item (id, note) VALUES (1, 'z') ON CONFLICT (id) DO UPDATE SET note = excluded.note",
        // The number of a row is not always its own.
        "UPDATE item SET id = 30 WHERE id = 1",
        "BEGIN",
        "DELETE FROM item WHERE id = 30",
        "UPDATE item SET id = 30 WHERE id = 2",
        "COMMIT",
        "UPDATE item SET id = id + 100",
        "UPDATE item SET id = id - 100",
        "BEGIN",
        "INSERT INTO item (id, note) VALUES (40, 'forty')",
        "ROLLBACK",
        "UPDATE item SET id = 40 WHERE id = 30",
        "BEGIN",
        "SAVEPOINT inner_one",
        "DELETE FROM item WHERE id = 40",
        "ROLLBACK TO inner_one",
        "UPDATE item SET note = 'kept' WHERE id = 40",
        "END",
        "BEGIN",
        "DELETE FROM item WHERE id IN (5, 6)",
        "INSERT INTO item (id, note) VALUES (5, 'again')",
        "UPDATE item SET note = 'and again' WHERE id = 5",
        "COMMIT",
        // A statement that fails halfway, and some that do so after they have changed a row.
        "INSERT INTO item (id, note) VALUES (50, 'q'), (50, 'q')",
        "INSERT OR FAIL INTO item (id, note) VALUES (51, 'r'), (51, 'r')",
        "INSERT OR IGNORE INTO item (id, note) VALUES (52, 's'), (52, 's')",
        "DELETE FROM item WHERE id = 7; UPDATE item SET note = 'two' WHERE id = 8",
        "SELECT 1; DELETE FROM item WHERE id = 9",
        "UPDATE item SET note = note",
        "VACUUM",
        "UPDATE item SET note = 'after' WHERE id = 8",
        "ALTER TABLE item ADD COLUMN more TEXT DEFAULT 'more'",
        "UPDATE item SET more = 'less' WHERE id = 8",
        "DELETE FROM owner WHERE id = 1",
        // It clears the table, and reports no row.
        "DELETE FROM item",
        "INSERT INTO item (id, note) SELECT 60, 't' UNION ALL SELECT 61, 'u'",
        "INSERT INTO item (id, note) VALUES (62, 'v'); BEGIN; INSERT INTO item (id, note) VALUES (63, 'w')",
        "COMMIT",
        "DELETE FROM item WHERE id = 62",
        "DELETE FROM item WHERE id > 0",
    ];
    for table in TABLES {
        let mut statements = table.to_vec();
        statements.extend(WRITES);
        let told = watched(&statements);
        assert!(told.len() > 20, "{table:?}: {}", told.join("\n"));
    }
}

/// Of rows with the same key, a watch shows the last one. None of them is mistaken for the only one.
#[test]
fn rows_with_the_same_key_are_one_row() {
    const CREATE: &str = "CREATE TABLE item (id INTEGER, note TEXT)";
    const THREE: &str = "INSERT INTO item VALUES (1, 'a'), (2, 'b'), (3, 'c')";
    const WAYS: [&[&str]; 4] = [
        &["INSERT INTO item VALUES (2, 'd')"],
        &["INSERT INTO item VALUES (4, 'd'), (4, 'e')"],
        &["UPDATE item SET id = 2 WHERE note = 'a'"],
        // All rows are read at once.
        &["REPLACE INTO item VALUES (2, 'd')"],
    ];
    for way in WAYS {
        let mut statements = vec![CREATE, THREE];
        statements.extend(way);
        statements.extend([
            "DELETE FROM item WHERE note IN ('b', 'e')",
            "UPDATE item SET note = 'x' WHERE note = 'd'",
            "DELETE FROM item",
        ]);
        watched(&statements);
    }
}
