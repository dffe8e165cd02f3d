//! In a simulation, statements are not executed by sqlx's driver. They must be answered as if they were.

use std::sync::{Arc, Mutex};

use chaosdrill_rt::{
    sim::Host,
    sql::{Connection, Pool, PoolOptions},
};
use futures_util::TryStreamExt;
use sqlx::{
    Any, Column, Database, Either, Error, Executor, Row, SqlSafeStr, Statement, ValueRef,
    any::{AnyArguments, AnyQueryResult, AnyRow, AnyTypeInfoKind},
};

use crate::lab::lab;

/// One argument.
#[derive(Clone, Debug)]
enum Value {
    Null,
    NullText,
    Bool(bool),
    I16(i16),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Text(&'static str),
    Blob(&'static [u8]),
}

use Value::{Blob, Bool, F32, F64, I16, I32, I64, Null, NullText, Text};

/// Statements of every kind that the two drivers might answer differently, in this order on one connection.
const CORPUS: &[(&str, Option<&[Value]>)] = &[
    // Definitions, and texts of several statements or of none.
    (
        "CREATE TABLE a (id INTEGER PRIMARY KEY, n INT4, b BIGINT, t TEXT, v VARCHAR(3), x BLOB, r REAL, d DOUBLE PRECISION, m NUMERIC, u)",
        None,
    ),
    (
        "CREATE TABLE c (id INTEGER PRIMARY KEY, k TEXT UNIQUE, q TEXT NOT NULL, p INTEGER CHECK (p > 0), a INTEGER REFERENCES a (id)); CREATE INDEX i ON c (p);",
        None,
    ),
    ("CREATE TABLE w (k TEXT, n INTEGER, PRIMARY KEY (k, n)) WITHOUT ROWID, STRICT", None),
    ("CREATE UNIQUE INDEX e ON w (n * 2) WHERE n > 5", None),
    ("CREATE TABLE g (a INTEGER, b INTEGER GENERATED ALWAYS AS (a + 1) STORED)", None),
    ("CREATE TABLE s (yes BOOLEAN, day DATE, hour TIME, then_ TIMESTAMP)", None),
    ("CREATE TRIGGER z BEFORE DELETE ON c BEGIN SELECT RAISE(ABORT, 'never delete'); END", None),
    ("CREATE TABLE a (id)", None),
    ("", None),
    (";", None),
    ("-- only a remark", None),
    ("/* only a remark */", Some(&[])),
    ("SELECT 1; SELECT 2, 3; ; SELECT 4 WHERE 0", None),
    // Types there and back.
    (
        "INSERT INTO a VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        Some(&[
            I64(1),
            I32(2),
            I64(i64::MIN),
            Text("né\u{1f980}\0z"),
            Text(""),
            Blob(&[0, 255]),
            F32(0.1),
            F64(-0.5),
            Text("12.50"),
            Bool(true),
        ]),
    ),
    (
        "INSERT INTO a VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        Some(&[
            Null,
            I16(-3),
            Text("17"),
            I64(4),
            Null,
            NullText,
            I64(7),
            F64(f64::NAN),
            F64(3.0),
            Null,
        ]),
    ),
    ("SELECT * FROM a ORDER BY id", None),
    ("SELECT id AS x, t AS x, 1 + 1, NULL, 'a' || 'b', count(*) FROM a", Some(&[])),
    ("SELECT n, b, t, x, r, m, u FROM a WHERE id = 2", None),
    ("SELECT max(id), sum(r), avg(d), typeof(m), hex(x) FROM a", None),
    ("SELECT CAST(x'ff61' AS TEXT)", None),
    ("SELECT 1 UNION ALL SELECT 'two' UNION ALL SELECT NULL UNION ALL SELECT x'03'", None),
    ("SELECT yes FROM s", None),
    ("INSERT INTO s VALUES (1, '2026-11-30', '12:00', '2026-11-30 12:00')", None),
    ("SELECT yes FROM s", None),
    ("SELECT day FROM s", None),
    ("SELECT hour FROM s", None),
    ("SELECT then_ FROM s", None),
    ("SELECT CAST(yes AS INTEGER) AS yes FROM s", None),
    // Parameters.
    ("SELECT ?, ?2, ?1, $3", Some(&[I64(1), I64(2), I64(3)])),
    ("SELECT $2, $1", Some(&[Text("a"), Text("b")])),
    ("SELECT $1, $2", Some(&[I64(1)])),
    ("SELECT $2, $1", Some(&[I64(1)])),
    ("SELECT $1", Some(&[])),
    ("SELECT $1", None),
    ("SELECT :name", Some(&[I64(1)])),
    ("SELECT @name", Some(&[I64(1)])),
    ("SELECT $name", Some(&[I64(1)])),
    ("SELECT ?; SELECT ?, ?", Some(&[I64(1), I64(2), I64(3)])),
    // Numbers of changed rows.
    ("UPDATE a SET n = n + 1", None),
    ("SELECT 1 WHERE 0", None),
    ("UPDATE a SET n = 0 WHERE id = 99", Some(&[])),
    ("INSERT INTO w (k, n) VALUES ('a', 1), ('b', 2), ('c', 6) RETURNING n, k", None),
    ("DELETE FROM w WHERE n = $1 RETURNING *", Some(&[I64(2)])),
    ("INSERT OR IGNORE INTO w VALUES ('a', 1)", None),
    ("INSERT INTO w VALUES ('a', 1) ON CONFLICT (k, n) DO UPDATE SET n = excluded.n + 1", None),
    ("REPLACE INTO w VALUES ('a', 2)", None),
    // Constraints.
    ("INSERT INTO a (id) VALUES (1)", None),
    ("INSERT INTO c (k, q) VALUES ('x', 'y')", None),
    ("INSERT INTO c (k, q) VALUES ('x', 'y')", None),
    ("INSERT INTO c (k) VALUES ('z')", None),
    ("INSERT INTO c (q, p) VALUES ('y', 0)", None),
    ("INSERT INTO c (q, a) VALUES ('y', 99)", None),
    ("INSERT INTO w VALUES ('a', 'no number')", None),
    ("INSERT INTO w VALUES (x'00', 7)", None),
    ("INSERT INTO w VALUES ('d', 6)", None),
    ("INSERT INTO g (b) VALUES (1)", None),
    ("INSERT INTO a (id) VALUES ('no number')", None),
    ("DELETE FROM c", None),
    ("DELETE FROM a WHERE id = 1", None),
    // Errors of a statement, and in the middle of its rows.
    ("SELEC 1", None),
    ("SELECT 1; SELEC 2", None),
    ("SELECT * FROM nowhere", Some(&[])),
    ("SELECT nothing FROM a", None),
    ("INSERT INTO a VALUES (1)", None),
    ("SELECT abs(-9223372036854775807 - x) FROM (SELECT 0 AS x UNION ALL SELECT 1)", None),
    ("SELECT json_extract('{', '$')", None),
    ("SELECT unknown_function(1)", None),
    ("SELECT 'a", None),
    ("ATTACH DATABASE '/nonexistent/folder/x.db' AS y", None),
    // Transactions.
    ("COMMIT", None),
    ("ROLLBACK", None),
    ("BEGIN", None),
    ("BEGIN", None),
    ("SAVEPOINT p", None),
    ("INSERT INTO c (k, q) VALUES ('in', 'a transaction')", Some(&[])),
    ("ROLLBACK TO p", None),
    ("RELEASE p", None),
    ("INSERT INTO c (k, q) VALUES ('in', 'a transaction')", Some(&[])),
    ("INSERT INTO c (k, q) VALUES ('in', 'a transaction')", Some(&[])),
    ("COMMIT", None),
    ("SELECT id, k, q FROM c", None),
    ("RELEASE nothing", None),
    // Settings.
    ("PRAGMA foreign_keys", None),
    ("PRAGMA table_info(w)", None),
    ("PRAGMA user_version = 3", None),
    ("PRAGMA user_version", None),
    ("EXPLAIN QUERY PLAN SELECT * FROM c WHERE k = 'x'", None),
    ("DROP TABLE nowhere", None),
    ("DROP TABLE g", None),
];

fn arguments(values: &[Value]) -> AnyArguments {
    use sqlx::Arguments;

    let mut arguments = AnyArguments::default();
    for value in values {
        match *value {
            Null => arguments.add(None::<i64>),
            NullText => arguments.add(None::<String>),
            Bool(value) => arguments.add(value),
            I16(number) => arguments.add(number),
            I32(number) => arguments.add(number),
            I64(number) => arguments.add(number),
            F32(number) => arguments.add(number),
            F64(number) => arguments.add(number),
            Text(text) => arguments.add(text),
            Blob(bytes) => arguments.add(bytes.to_vec()),
        }
        .expect("every value can be sent");
    }
    arguments
}

/// An answer in words: all rows with the types of their values, and the numbers of changed rows.
fn of_answer(answer: Result<Vec<Either<AnyQueryResult, AnyRow>>, Error>) -> String {
    match answer {
        Ok(steps) => steps.iter().map(of_step).collect::<Vec<_>>().join("\n  "),
        Err(why) => of_error(&why),
    }
}

fn of_step(step: &Either<AnyQueryResult, AnyRow>) -> String {
    match step {
        Either::Left(result) => {
            format!("{} changed, last {:?}", result.rows_affected(), result.last_insert_id())
        }
        Either::Right(row) => {
            let column = |column: &<Any as Database>::Column| {
                let raw = row.try_get_raw(column.ordinal()).expect("the column is there");
                let kind = raw.type_info().kind();
                let value = match kind {
                    _ if raw.is_null() => "NULL".to_owned(),
                    AnyTypeInfoKind::BigInt => row.get::<i64, _>(column.ordinal()).to_string(),
                    AnyTypeInfoKind::Double => row.get::<f64, _>(column.ordinal()).to_string(),
                    AnyTypeInfoKind::Text => {
                        format!("{:?}", row.get::<String, _>(column.ordinal()))
                    }
                    AnyTypeInfoKind::Blob => {
                        format!("{:?}", row.get::<Vec<u8>, _>(column.ordinal()))
                    }
                    other => unreachable!("SQLite has no values of type {other:?}"),
                };
                let by_name = row.try_get_raw(column.name()).expect("it has a name").is_null();
                format!("{} {:?}: {kind:?} {value} {by_name}", column.name(), column.type_info())
            };
            row.columns().iter().map(column).collect::<Vec<_>>().join(", ")
        }
    }
}

fn of_error(why: &Error) -> String {
    let database = why.as_database_error();
    let details = database.map(|it| (it.code(), it.message().to_owned(), it.kind()));
    format!("{why} {details:?} {:?}", std::mem::discriminant(why))
}

/// Executes the corpus, and describes every answer.
async fn answers(connection: &mut Connection) -> Vec<String> {
    let mut all = Vec::new();
    for (sql, values) in CORPUS {
        let prepared = match (&mut *connection).prepare((*sql).into_sql_str()).await {
            Ok(statement) => {
                let columns = statement.columns().iter();
                let columns = columns.map(|column| (column.name(), column.type_info().kind()));
                format!("{:?} {:?}", statement.parameters(), columns.collect::<Vec<_>>())
            }
            Err(why) => of_error(&why),
        };
        let answer: Result<Vec<_>, _> = match values {
            Some(values) => {
                let query = sqlx::query_with(*sql, arguments(values));
                (&mut *connection).fetch_many(query).try_collect().await
            }
            None => (&mut *connection).fetch_many(sqlx::raw_sql(*sql)).try_collect().await,
        };
        all.push(format!("{sql} {values:?}\n  prepared: {prepared}\n  {}", of_answer(answer)));
    }
    all
}

/// One connection, because transactions of the corpus last over several statements.
async fn one_connection(url: &str) -> Result<Vec<String>, Error> {
    let one = PoolOptions { connections_max: 1, ..PoolOptions::default() };
    let pool = Pool::connect_with(url, one).await?;
    let mut connection = pool.acquire().await?;
    Ok(answers(&mut connection).await)
}

/// The answers of sqlx's own driver, as in production.
fn by_sqlx() -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("corpus.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answers = runtime.expect("a runtime").block_on(one_connection(&url));
    let answers = answers.expect("SQLite creates a database");
    // sqlx says where in its code it refused a parameter.
    let place = |line: &str| line.find(" (sqlx_sqlite::").map(|at| (at, line[at..].find(')')));
    let without = |mut answer: String| {
        while let Some((at, Some(length))) = place(&answer) {
            answer.replace_range(at..=at + length, "");
        }
        answer
    };
    answers.into_iter().map(without).collect()
}

#[test]
fn statements_are_answered_as_by_sqlx() {
    let all = Arc::new(Mutex::new(Vec::new()));
    let there = Arc::clone(&all);
    let host = Host::new("a", move || {
        let there = Arc::clone(&there);
        async move {
            let answers = one_connection("sqlite:corpus.db").await?;
            *there.lock().expect("nobody panics with it") = answers;
            Ok(())
        }
    });
    lab(1, "", vec![host.client()]).run();
    let ours = std::mem::take(&mut *all.lock().expect("nobody panics with it"));
    let theirs = by_sqlx();
    assert_eq!(ours.len(), CORPUS.len());
    let differs = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs);
    let differs: Vec<_> =
        differs.map(|(ours, theirs)| format!("ours: {ours}\nsqlx: {theirs}")).collect();
    assert!(differs.is_empty(), "{}", differs.join("\n\n"));
}
