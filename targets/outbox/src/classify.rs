//! What an error of the database means for another try: by its code, never by its words.

use chaosdrill_rt::defect;

/// Whether an error of sqlx's is of the moment.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_transient_code(&code)),
        _ => false,
    }
}

/// SQLSTATEs have five characters; SQLite's codes are numbers of at most four.
fn is_transient_code(code: &str) -> bool {
    if code.len() == 5 { is_transient_sqlstate(code) } else { is_transient_sqlite(code) }
}

fn is_transient_sqlstate(code: &str) -> bool {
    match code {
        // A serialization failure and a deadlock: the other one went first.
        "40001" | "40P01" => defect!("O15", false, true),
        // The server shuts down, crashed, or is not up yet.
        "57P01" | "57P02" | "57P03" => true,
        // The connection, or resources of the server.
        _ => code.starts_with("08") || code.starts_with("53"),
    }
}

fn is_transient_sqlite(code: &str) -> bool {
    // The low byte is the code, what is above it says more of the same.
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const IOERR: u32 = 10;
    const FULL: u32 = 13;
    const CANTOPEN: u32 = 14;
    let primary = code.parse::<u32>().map(|code| code & 0xff);
    matches!(primary, Ok(BUSY | LOCKED | IOERR | FULL | CANTOPEN))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_fall_on_their_side() {
        let transient = [
            "5", "6", "261", "517", "10", "2570", "13", "14", "40001", "40P01", "57P01", "57P02",
            "57P03", "08006", "08000", "53300",
        ];
        for code in transient {
            assert!(is_transient_code(code), "{code}");
        }
        for code in ["1", "19", "275", "1555", "2067", "23505", "23514", "25P02", "42P01", ""] {
            assert!(!is_transient_code(code), "{code}");
        }
    }
}
