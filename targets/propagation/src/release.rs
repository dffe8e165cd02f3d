//! The releases of the worker: which migrations each knows, and which kinds of propagations it handles.
//!
//! During a roll-out, two of them work side by side on one database. The newer one migrates it and enqueues rows of new
//! kinds; the older one must cope with both.

use chaosdrill_rt::defect;

/// The kind of a plain upgrade.
pub const TIER_ELEVATION: &str = "tier_elevation";

/// The label and the reason for a kind without a handler: a name from outside never becomes a label.
pub const UNKNOWN_KIND: &str = "unknown_kind";

/// A release of the worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Release {
    /// The release before the kind `trial_end`.
    Previous,
    /// This release.
    #[default]
    Current,
}

/// How a runner handles a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    /// Brings each resource of the team to its tier.
    Regrade,
}

type Handlers = &'static [(&'static str, Handler)];

const PREVIOUS: Handlers =
    &[("limits_refresh", Handler::Regrade), (TIER_ELEVATION, Handler::Regrade)];

const CURRENT: Handlers = &[
    ("limits_refresh", Handler::Regrade),
    (TIER_ELEVATION, Handler::Regrade),
    ("trial_end", Handler::Regrade),
];

impl Release {
    /// The newest migration that the release knows.
    pub(crate) fn schema(self) -> i64 {
        match self {
            Self::Previous => 4,
            Self::Current => 5,
        }
    }

    fn handlers(self) -> Handlers {
        match self {
            Self::Previous => PREVIOUS,
            Self::Current => defect!("P25", PREVIOUS, CURRENT),
        }
    }

    /// The kinds that have a handler.
    pub fn handled(self) -> Vec<&'static str> {
        self.handlers().iter().map(|(kind, _)| *kind).collect()
    }

    /// The handler of a kind.
    pub(crate) fn handler(self, kind: &str) -> Option<Handler> {
        self.handlers().iter().find(|(known, _)| *known == kind).map(|(_, handler)| *handler)
    }

    /// The label of a kind: its name if the kind is known, and one bucket for all others.
    pub fn kind_label(self, kind: &str) -> &str {
        let known = self.handlers().iter().find(|(known, _)| *known == kind);
        defect!("P8", kind, known.map_or(UNKNOWN_KIND, |(known, _)| known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_keeps_the_kinds_of_the_one_before() {
        assert!(PREVIOUS.iter().all(|kind| CURRENT.contains(kind)));
        assert!(Release::Previous.schema() < Release::Current.schema());
        assert_eq!(Release::Previous.kind_label("trial_end"), UNKNOWN_KIND);
        assert_eq!(Release::Current.kind_label("trial_end"), "trial_end");
        assert_eq!(Release::Current.kind_label("garbage_kind_nobody_handles"), UNKNOWN_KIND);
    }
}
