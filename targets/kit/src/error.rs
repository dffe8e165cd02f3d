//! Formats an error and its causes on one line.

use std::{error::Error, iter::successors};

/// The error and all its causes, as one line. A cause is skipped if the text before it already ends with it.
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let said = error.to_string();
        // Some errors repeat their cause.
        if !line.ends_with(&said) {
            line = format!("{line}: {said}");
        }
        below = error.source();
    }
    line
}

/// The error and all its causes, as one line, without skipping repetitions.
pub fn chain_verbatim(error: &(dyn Error + 'static)) -> String {
    let causes = successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("failed to look")]
    struct Outer(#[source] sqlx::Error);

    #[test]
    fn a_cause_is_said_once_or_verbatim() {
        // sqlx's own text ends with the text of its cause.
        let error = Outer(sqlx::Error::Io(io::Error::other("cut")));
        assert_eq!(chain(&error), "failed to look: error communicating with database: cut");
        assert_eq!(
            chain_verbatim(&error),
            "failed to look: error communicating with database: cut: cut"
        );
    }
}
