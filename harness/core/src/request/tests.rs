//! Every request and every answer is written and read back.

use std::time::Duration;

use serde_json::json;

use super::*;

fn requests() -> Vec<Request<'static>> {
    let connection = sql::ConnectionId(3);
    let statement = |sql: &str, arguments| sql::Statement { sql: sql.to_owned(), arguments };
    let arguments = vec![
        sql::Value::Null(sql::Type::BigInt),
        sql::Value::Bool(true),
        sql::Value::SmallInt(1),
        sql::Value::Integer(2),
        sql::Value::BigInt(i64::MIN),
        sql::Value::Real(0.5),
        sql::Value::Double(-2.5),
        sql::Value::Text("é".to_owned()),
        sql::Value::Blob(vec![0, 255]),
    ];
    let site = || "sql:a".to_owned();
    let of_store = |operation| {
        let (url, site) = ("memory:a".to_owned(), "store:put a".to_owned());
        Request::Step(Step::Store(store::Call { url, site, operation }))
    };
    let path = || "a/b".to_owned();
    let kind = EventKind::Observe;
    vec![
        Request::Question(Question::Record { kind, name: "a".into(), data: json!({ "b": 1 }) }),
        Request::Question(Question::Draw),
        Request::Question(Question::Clock),
        Request::Question(Question::IsDefectOn { id: "O1".into() }),
        Request::Question(Question::WorkloadMax),
        Request::Question(Question::Seed),
        Request::Question(Question::OpenStore { url: "memory:a".into() }),
        Request::Question(Question::IsOpen(connection)),
        Request::Question(Question::Release(connection)),
        Request::Question(Question::Close(connection)),
        Request::Step(Step::Pass { site: "fp:a".into() }),
        Request::Step(Step::End { site: "fp:a".into(), decision: Decision::Go }),
        Request::Step(Step::Sql(sql::Call::Connect { url: "sqlite:a.db".to_owned() })),
        Request::Step(Step::Sql(sql::Call::Execute {
            connection,
            site: site(),
            statement: statement("SELECT $1", Some(arguments)),
        })),
        Request::Step(Step::Sql(sql::Call::Migrate {
            connection,
            site: site(),
            statements: vec![statement("CREATE TABLE a (b)", None)],
            is_atomic: true,
        })),
        Request::Step(Step::Sql(sql::Call::Describe {
            connection,
            site: site(),
            sql: "SELECT 1".to_owned(),
        })),
        Request::Step(Step::Sql(sql::Call::Clock { connection })),
        of_store(store::Operation::Put {
            path: path(),
            bytes: vec![1, 2],
            condition: store::PutCondition::Version(store::Version::default()),
            attributes: vec![
                (store::Attribute::ContentType, "text/plain".to_owned()),
                (store::Attribute::Metadata("owner".to_owned()), "me".to_owned()),
            ],
        }),
        of_store(store::Operation::Get {
            path: path(),
            options: store::GetOptions {
                range: Some(store::GetRange::Bounded(1..2)),
                ..store::GetOptions::default()
            },
        }),
        of_store(store::Operation::GetRanges { path: path(), ranges: vec![0..1, 3..4] }),
        of_store(store::Operation::Delete { path: path() }),
        of_store(store::Operation::List { prefix: None, is_one_level: true }),
        of_store(store::Operation::Copy { from: path(), to: path(), creates: true }),
    ]
}

fn answers() -> Vec<Answer> {
    let refused = |violates| sql::Error::Database {
        code: "2067".to_owned(),
        message: "UNIQUE constraint failed: a.b".to_owned(),
        violates,
    };
    let columns = vec![sql::Column { name: "a".to_owned(), declared: sql::Type::Text }];
    let meta = store::ObjectMeta {
        path: "a".to_owned(),
        modified_ns: 1,
        bytes: 2,
        version: store::Version { e_tag: Some("0".to_owned()), version: None },
    };
    let (path, message) = ("a".to_owned(), "why".to_owned());
    vec![
        Answer::Done,
        Answer::Number(u64::MAX),
        Answer::UnixMs(-1),
        Answer::Flag(true),
        Answer::Steps(None),
        Answer::Seed(Seed(7)),
        Answer::Decision(Decision::Go),
        Answer::Decision(Decision::Fail(ErrorKind::Deadlock)),
        Answer::Decision(Decision::LoseAck(ErrorKind::Reset)),
        Answer::Decision(Decision::CrashAfter(Restart::After(Duration::from_millis(1)))),
        Answer::Sql(Ok(sql::Answer::Connection(sql::ConnectionId(1)))),
        Answer::Sql(Ok(sql::Answer::Parts(vec![sql::Part {
            columns: columns.clone(),
            rows: vec![vec![sql::Value::Null(sql::Type::Text)]],
            affected: 1,
        }]))),
        Answer::Sql(Ok(sql::Answer::Description(sql::Description { columns, parameters: 2 }))),
        Answer::Sql(Ok(sql::Answer::UnixMs(5))),
        Answer::Sql(Err(sql::Error::Connection(Broken::Reset))),
        Answer::Sql(Err(refused(Some(sql::Constraint::Unique)))),
        Answer::Sql(Err(sql::Error::Column { column: path.clone(), message: message.clone() })),
        Answer::Sql(Err(sql::Error::Decode { message: message.clone() })),
        Answer::Sql(Err(sql::Error::Unsupported { message: message.clone() })),
        Answer::Sql(Err(sql::Error::Url { message: message.clone() })),
        Answer::Store(Ok(store::Answer::Done)),
        Answer::Store(Ok(store::Answer::Stored(meta.version.clone()))),
        Answer::Store(Ok(store::Answer::Object {
            meta: meta.clone(),
            range: 0..2,
            bytes: vec![1, 2],
            attributes: Vec::new(),
        })),
        Answer::Store(Ok(store::Answer::Ranges(vec![vec![1]]))),
        Answer::Store(Ok(store::Answer::Listing { objects: vec![meta], prefixes: Vec::new() })),
        Answer::Store(Err(store::Error::Connection(Broken::Refused))),
        Answer::Store(Err(store::Error::Full)),
        Answer::Store(Err(store::Error::NotFound { path, message })),
    ]
}

#[test]
fn requests_are_plain_data() {
    for request in requests() {
        let written = serde_json::to_string(&request).expect("requests are plain data");
        assert_eq!(serde_json::from_str::<Request<'_>>(&written).ok(), Some(request), "{written}");
    }
}

#[test]
fn answers_are_plain_data() {
    for answer in answers() {
        let written = serde_json::to_string(&answer).expect("answers are plain data");
        assert_eq!(serde_json::from_str::<Answer>(&written).ok(), Some(answer), "{written}");
    }
}
