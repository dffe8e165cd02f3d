//! The verdict of a check: valid < unknown < invalid, with a witness.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The three verdicts, in ascending order: the worst one wins.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The claim held.
    Valid,
    /// It is not known whether the claim held.
    Unknown,
    /// The claim was violated.
    Invalid,
}

impl Verdict {
    /// The name in records and on the terminal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
        }
    }
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in words; empty if the claim held.
    pub why: String,
    /// The events that show it, by number.
    pub witness: Vec<u64>,
}

impl Outcome {
    /// The claim held.
    pub fn valid() -> Self {
        Self { verdict: Verdict::Valid, why: String::new(), witness: Vec::new() }
    }

    /// It is not known whether the claim held.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unknown, why: why.into(), witness: Vec::new() }
    }

    /// The claim was violated, as these events show.
    pub fn invalid(why: impl Into<String>, witness: impl IntoIterator<Item = u64>) -> Self {
        Self { verdict: Verdict::Invalid, why: why.into(), witness: witness.into_iter().collect() }
    }

    /// Invalid if a witness was found, valid otherwise: the usual end of a check.
    pub fn unless(witness: Option<Self>) -> Self {
        witness.unwrap_or_else(Self::valid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_verdict_wins() {
        assert_eq!(
            [Verdict::Unknown, Verdict::Invalid, Verdict::Valid].into_iter().max(),
            Some(Verdict::Invalid)
        );
        assert_eq!([Verdict::Valid, Verdict::Unknown].into_iter().max(), Some(Verdict::Unknown));
    }
}
