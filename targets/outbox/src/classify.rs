//! Classifies database errors as transient or permanent, by their code and never by their text.

use chaosdrill_kit::sql;
use chaosdrill_rt::defect;

/// Whether a retry may succeed.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    // The planted bug treats serialization failures and deadlocks as permanent.
    let is_planted = defect!("O15", ["40001", "40P01"].contains(&&*cause_of(error)), false);
    !is_planted && sql::is_transient(error)
}

/// The root cause, in one word, such as the code that the database returned.
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
