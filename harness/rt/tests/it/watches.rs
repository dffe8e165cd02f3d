//! A watch reports each change of its rows, and nothing else.

use chaosdrill_core::EventKind;
use chaosdrill_rt::{
    sim::{Host, Watch},
    sql::Pool,
};

use crate::lab::lab;

/// The reports of the watch after each of these statements, as one line of JSON each.
fn watched(statements: &'static [&'static str]) -> Vec<String> {
    let writer = move || async move {
        let pool = Pool::connect("sqlite:watched.db").await?;
        for statement in statements {
            sqlx::query(*statement).execute(&pool).await?;
        }
        Ok(())
    };
    let mut lab = lab(1, "", vec![Host::new("writer", writer).client()]);
    let sql = "SELECT * FROM item ORDER BY id".to_owned();
    lab.config.watches = vec![Watch { name: "item".into(), database: "watched".into(), sql }];
    let finished = lab.run();
    let told = finished.trace.events().iter().filter(|event| event.kind == EventKind::Watch);
    told.map(|event| event.data.to_string()).collect()
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
