//! What can go wrong, and whether to try again.

use chaosdrill_rt::fail::Injected;

/// Why the database or the program itself did not do its part.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PipelineError {
    /// The database did not do its part.
    #[error("failed to {operation}")]
    Storage {
        /// What was asked of it.
        operation: &'static str,
        /// What it said.
        source: sqlx::Error,
    },
    /// A failpoint was told to fail.
    #[error(transparent)]
    Injected(#[from] Injected),
}

impl PipelineError {
    /// Whether the same attempt, made again, may end otherwise.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Storage { source, .. } => is_transient(source),
            Self::Injected(_) => true,
        }
    }
}

/// Makes an error of sqlx's one of ours: `.map_err(storage("pick rows"))`.
pub(crate) fn storage(operation: &'static str) -> impl Fn(sqlx::Error) -> PipelineError {
    move |source| PipelineError::Storage { operation, source }
}

/// Whether an error of sqlx's is of the moment: by its code, never by its words.
fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_transient_code(&code)),
        _ => false,
    }
}

/// SQLSTATEs have five characters; SQLite's codes are numbers of at most four, whose low byte is the code.
fn is_transient_code(code: &str) -> bool {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const IOERR: u32 = 10;
    const FULL: u32 = 13;
    const CANTOPEN: u32 = 14;
    if code.len() == 5 {
        let passes = ["40001", "40P01", "57P01", "57P02", "57P03"].contains(&code);
        return passes || code.starts_with("08") || code.starts_with("53");
    }
    let primary = code.parse::<u32>().map(|code| code & 0xff);
    matches!(primary, Ok(BUSY | LOCKED | IOERR | FULL | CANTOPEN))
}

/// The error and everything beneath it, as one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let said = error.to_string();
        // Some errors repeat what they stand on.
        if !line.ends_with(&said) {
            line = format!("{line}: {said}");
        }
        below = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_fall_on_their_side() {
        for code in ["5", "6", "261", "517", "10", "13", "14", "40001", "40P01", "57P01", "08006"] {
            assert!(is_transient_code(code), "{code}");
        }
        for code in ["1", "19", "275", "1555", "2067", "23505", "23514", "25P02", ""] {
            assert!(!is_transient_code(code), "{code}");
        }
    }
}
