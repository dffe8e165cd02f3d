//! The status of a command, and its exit code.

/// The status of a command; of several, the worst wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Valid,
    Interrupted,
    NothingSelected,
    /// The arguments of the command were wrong.
    Usage,
    Unknown,
    Violation,
    Nondeterminism,
    HarnessFault,
}

impl Status {
    /// The exit code; a stable contract, because scripts depend on it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Interrupted => 130,
            Self::Violation => 1,
            Self::Usage => 2,
            Self::Unknown => 3,
            Self::NothingSelected => 4,
            Self::Nondeterminism => 5,
            Self::HarnessFault => 70,
        }
    }
}

impl From<chaosdrill_core::Verdict> for Status {
    fn from(verdict: chaosdrill_core::Verdict) -> Self {
        match verdict {
            chaosdrill_core::Verdict::Valid => Self::Valid,
            chaosdrill_core::Verdict::Unknown => Self::Unknown,
            chaosdrill_core::Verdict::Invalid => Self::Violation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_end_wins_in_the_order_of_the_contract() {
        let order = [
            Status::HarnessFault,
            Status::Nondeterminism,
            Status::Violation,
            Status::Unknown,
            Status::Usage,
            Status::NothingSelected,
            Status::Interrupted,
            Status::Valid,
        ];
        assert!(order.is_sorted_by(|a, b| a > b));
        assert_eq!(order.map(Status::code), [70, 5, 1, 3, 2, 4, 130, 0]);
    }
}
