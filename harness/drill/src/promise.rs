//! What a target promises, and how each promise stands: shown by a check of a scenario, kept differently on purpose, or
//! waiting for something that the harness does not have yet.

use serde::Serialize;

/// A promise of the system that a target was written after.
#[derive(Clone, Debug)]
pub struct Promise {
    pub(crate) number: &'static str,
    pub(crate) says: &'static str,
    pub(crate) stands: Vec<Stand>,
}

/// One way in which a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stand {
    /// A check or a mark of a scenario shows it.
    Shown { scenario: &'static str, by: &'static str },
    /// A static check shows it.
    ShownStatically { check: &'static str },
    /// The target does something else on purpose; the reason.
    Differs(&'static str),
    /// It cannot be shown yet; what is missing.
    WaitsFor(&'static str),
}

impl Promise {
    /// Creates a promise with its number within the target, such as `12` or `4b`.
    pub fn new(number: &'static str, says: &'static str) -> Self {
        Self { number, says, stands: Vec::new() }
    }

    /// Adds a scenario, and its check or mark that would notice if the promise were broken.
    #[must_use]
    pub fn shown(mut self, scenario: &'static str, by: &'static str) -> Self {
        self.stands.push(Stand::Shown { scenario, by });
        self
    }

    /// Adds a static check that would notice if the promise were broken.
    #[must_use]
    pub fn shown_statically(mut self, check: &'static str) -> Self {
        self.stands.push(Stand::ShownStatically { check });
        self
    }

    /// Adds the reason why the target, or a part of it, behaves differently on purpose.
    #[must_use]
    pub fn differs(mut self, reason: &'static str) -> Self {
        self.stands.push(Stand::Differs(reason));
        self
    }

    /// Adds what is missing to show the promise, or a part of it.
    #[must_use]
    pub fn waits_for(mut self, what: &'static str) -> Self {
        self.stands.push(Stand::WaitsFor(what));
        self
    }

    /// Whether drills show it, and nothing is missing or different.
    pub(crate) fn is_shown_as_it_is(&self) -> bool {
        let is_rest = |stand: &Stand| matches!(stand, Stand::Differs(_) | Stand::WaitsFor(_));
        self.is_shown() && !self.stands.iter().any(is_rest)
    }

    /// Whether drills show it, at least in part.
    pub(crate) fn is_shown(&self) -> bool {
        let shows =
            |stand: &Stand| matches!(stand, Stand::Shown { .. } | Stand::ShownStatically { .. });
        self.stands.iter().any(shows)
    }
}
