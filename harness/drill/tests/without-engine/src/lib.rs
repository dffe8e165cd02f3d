//! The pipeline of somebody who uses another sqlx than chaosdrill's engine does.

use sqlx::SqlitePool;

/// Writes a note down.
///
/// # Errors
///
/// The database's.
pub async fn write(pool: &SqlitePool, text: &str) -> Result<(), sqlx::Error> {
    sqlx::query("CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)").execute(pool).await?;
    sqlx::query("INSERT INTO notes VALUES ($1)").bind(text).execute(pool).await?;
    Ok(())
}

/// How many notes there are.
///
/// # Errors
///
/// The database's.
pub async fn count(pool: &SqlitePool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(pool).await
}
