//! Inserts many rows, in as many statements as the maximum number of binds requires.

use sqlx::{AssertSqlSafe, Error};

use chaosdrill_rt::{defect, sql::Connection};

/// Maximum binds in one statement. It is far below the 999 of older SQLite, so that a dozen events need more than one.
pub(crate) const BINDS_MAX: usize = 100;

/// One value of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bind<'a> {
    Text(&'a str),
    Int(i64),
}

/// Inserts rows of equal width; `head` ends in VALUES, `tail` follows the rows.
pub(crate) async fn insert_rows<const WIDTH: usize>(
    connection: &mut Connection,
    head: &str,
    tail: &str,
    rows: &[[Bind<'_>; WIDTH]],
) -> Result<(), Error> {
    let rows_max = BINDS_MAX / WIDTH;
    for chunk in rows.chunks(rows_max) {
        let chunk = defect!("O23", &chunk[..chunk.len().min(rows_max - 1)], chunk);
        let sql = format!("{head}\n{}{tail}", placeholders(WIDTH, chunk.len()));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for bind in chunk.iter().flatten() {
            query = match *bind {
                Bind::Text(text) => query.bind(text.to_owned()),
                Bind::Int(number) => query.bind(number),
            };
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// `($1, $2), ($3, $4)` for two rows of two.
fn placeholders(width: usize, rows: usize) -> String {
    let row = |row: usize| {
        let columns: Vec<String> =
            (1..=width).map(|column| format!("${}", row * width + column)).collect();
        format!("({})", columns.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(placeholders(2, 2), "($1, $2), ($3, $4)");
        assert_eq!(placeholders(3, 1), "($1, $2, $3)");
    }
}
