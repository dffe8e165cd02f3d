//! A pipeline that uses another version of sqlx than chaosdrill's engine.

use sqlx::SqlitePool;

/// Writes a note.
///
/// # Errors
///
/// The database's error.
pub async fn write(pool: &SqlitePool, text: &str) -> Result<(), sqlx::Error> {
    sqlx::query("CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)").execute(pool).await?;
    sqlx::query("INSERT INTO notes VALUES ($1)").bind(text).execute(pool).await?;
    Ok(())
}

/// The number of notes.
///
/// # Errors
///
/// The database's error.
pub async fn count(pool: &SqlitePool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(pool).await
}
