//! Checks that servers refuse settings that mean nothing.

use chaosdrill::{Check, Outcome, Priority};

/// The observation by which a server reports that it does not start.
pub(crate) const REFUSED: &str = "server.refused";

/// The server whose setting means nothing.
pub(crate) const MISCONFIGURED: &str = "odd";

/// A server whose setting means nothing does not start.
pub(crate) fn bad_settings_are_refused() -> Check {
    Check::new("bad_settings_are_refused", |history| {
        let wrong = history.observed("server.looking").find(|event| event.host == MISCONFIGURED);
        Outcome::unless(wrong.map(|event| {
            let why =
                format!("#{} {MISCONFIGURED} serves with a setting that means nothing", event.seq);
            Outcome::invalid(why, [event.seq])
        }))
    })
    .priority(Priority::Medium)
}
