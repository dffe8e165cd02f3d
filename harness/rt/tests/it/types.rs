//! The Rust types that work through `Any` on SQLite, as in the table in the documentation of `sql`.

use chaosdrill_rt::sql::{Pool, PoolOptions};
use futures_util::StreamExt;
use sqlx::{Any, Decode, Encode, Row, Type};

/// Outside every simulation, as in production.
fn outside<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// Writes the value into a column of this type and reads it back.
async fn there_and_back<T>(column: &str, value: T) -> Result<T, sqlx::Error>
where
    T: Type<Any> + Send + for<'q> Encode<'q, Any> + for<'r> Decode<'r, Any> + 'static,
{
    // One database for each case, because sqlx keeps the column types of a prepared statement.
    let one = PoolOptions { connections_max: 1, ..PoolOptions::default() };
    let pool = Pool::connect_with("sqlite::memory:", one).await?;
    let create = format!("CREATE TABLE t (x {column})");
    sqlx::query(sqlx::AssertSqlSafe(create)).execute(&pool).await?;
    sqlx::query("INSERT INTO t VALUES ($1)").bind(value).execute(&pool).await?;
    sqlx::query("SELECT x FROM t").fetch_one(&pool).await?.try_get(0)
}

#[test]
fn the_types_of_the_table_come_back() {
    outside(async {
        assert_eq!(there_and_back("INTEGER", i16::MIN).await.expect("i16"), i16::MIN);
        assert_eq!(there_and_back("INTEGER", i32::MIN).await.expect("i32"), i32::MIN);
        assert_eq!(there_and_back("INTEGER", i64::MIN).await.expect("i64"), i64::MIN);
        assert_eq!(there_and_back("REAL", 0.1_f64).await.expect("f64"), 0.1);
        let text = "né\u{1f980}".to_owned();
        assert_eq!(there_and_back("TEXT", text.clone()).await.expect("String"), text);
        let bytes = vec![0_u8, 255];
        assert_eq!(there_and_back("BLOB", bytes.clone()).await.expect("bytes"), bytes);
        for value in [None, Some(7_i64)] {
            assert_eq!(there_and_back("INTEGER", value).await.expect("Option"), value);
        }
    });
}

#[test]
fn what_does_not_come_back_on_sqlite() {
    outside(async {
        let refused = [
            there_and_back("BOOLEAN", true).await.map(drop),
            there_and_back("INTEGER", true).await.map(drop),
            there_and_back("REAL", 0.5_f32).await.map(drop),
        ];
        let told = refused.map(|result| result.expect_err("not through Any").to_string());
        insta::assert_snapshot!(told.join("\n"));
    });
}

/// The third row cannot be computed. A reader that first collects all rows never sees the two before it.
#[test]
fn rows_are_streamed() {
    outside(async {
        let pool = Pool::connect("sqlite::memory:").await.expect("in memory");
        let sql = "SELECT abs(n) FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL
            SELECT -9223372036854775807 - 1)";
        let mut rows = sqlx::query_scalar::<_, i64>(sql).fetch(&pool);
        let mut said = Vec::new();
        while let Some(row) = rows.next().await {
            said.push(row.ok());
        }
        assert_eq!(said, [Some(1), Some(2), None]);
    });
}
