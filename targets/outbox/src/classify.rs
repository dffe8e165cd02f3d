//! What an error of the database means for another try: by its code, never by its words.

use chaosdrill_kit::sql;
use chaosdrill_rt::defect;

/// Whether the same attempt, made again, may succeed.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    // The bug takes a serialization failure and a deadlock for final.
    let is_planted = defect!("O15", ["40001", "40P01"].contains(&&*cause_of(error)), false);
    !is_planted && sql::is_transient(error)
}

/// What lies at the bottom, in one word, such as the code the database gave.
pub(crate) fn cause_of(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(_) => "io".into(),
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => "pool".into(),
        sqlx::Error::Database(error) => {
            error.code().map_or_else(|| "database".into(), std::borrow::Cow::into_owned)
        }
        _ => "driver".into(),
    }
}
