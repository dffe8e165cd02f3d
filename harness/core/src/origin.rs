//! What drew the faults of a run or plan, as one word: the end of a folder's name, a column of a report.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What drew the faults of a run.
///
/// Each has a written form of one word, which [`fmt::Display`] writes and [`FromStr`] parses. A record keeps a word
/// that this build does not know as [`Origin::Other`], so that one damaged or newer record does not cost a campaign.
///
/// ```
/// use chaosdrill_core::Origin;
///
/// let origin: Origin = "sweep-0017".parse()?;
/// assert_eq!(origin, Origin::Sweep(17));
/// assert_eq!(origin.to_string(), "sweep-0017");
/// assert_eq!(origin.kind(), "sweep");
/// assert!("sweep-17".parse::<Origin>().is_err(), "another word for the same would be another folder");
/// # Ok::<(), chaosdrill_core::origin::OriginError>(())
/// ```
// In the order of the written forms, which is the order of records in a campaign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// `kept-NAME`: the kept plan of this name, which is its file's name without the extension.
    Kept(String),
    /// `plan`, or `plan-STEM`: a plan from a file, with the name of the file if several run at once.
    File(Option<String>),
    /// `script`: the scenario's author.
    Script,
    /// `swarm`: chance, a few families of faults at a time.
    Swarm,
    /// `sweep-NNNN`: this point of a sweep, in four digits or more; point 0 is the fault-free run.
    Sweep(u64),
    /// Any other word, as it was read. Only [`Origin::of`] makes it, so that no word has two origins.
    Other(String),
}

/// The error for a word that is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an origin; the origins are `script`, `swarm`, `sweep-NNNN` (four digits or more), `kept-NAME`, `plan` \
     and `plan-NAME`"
)]
pub struct OriginError(String);

impl Origin {
    /// Parses a word; an unknown word is kept as [`Origin::Other`].
    pub fn of(word: &str) -> Self {
        word.parse().unwrap_or_else(|_| Self::Other(word.to_owned()))
    }

    /// The origin without its number or name: `script`, `swarm`, `sweep`, `kept`, `plan`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Kept(_) => "kept",
            Self::File(_) => "plan",
            Self::Script => "script",
            Self::Swarm => "swarm",
            Self::Sweep(_) => "sweep",
            Self::Other(word) => word.split('-').next().unwrap_or_default(),
        }
    }

    /// Whether scenario and seed alone determine the faults, so that a replay needs no plan.
    pub fn is_drawn_from_the_seed(&self) -> bool {
        matches!(self, Self::Script | Self::Swarm)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(name) => write!(f, "kept-{name}"),
            Self::File(Some(stem)) => write!(f, "plan-{stem}"),
            Self::File(None) | Self::Script | Self::Swarm => f.write_str(self.kind()),
            Self::Sweep(point) => write!(f, "sweep-{point:04}"),
            Self::Other(word) => f.write_str(word),
        }
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    /// # Errors
    ///
    /// The word, and the words that are accepted.
    fn from_str(word: &str) -> Result<Self, OriginError> {
        let wrong = || OriginError(word.to_owned());
        Ok(match word.split_once('-') {
            None => match word {
                "script" => Self::Script,
                "swarm" => Self::Swarm,
                "plan" => Self::File(None),
                _ => return Err(wrong()),
            },
            Some(("kept", name)) => Self::Kept(name.to_owned()),
            Some(("plan", stem)) => Self::File(Some(stem.to_owned())),
            Some(("sweep", point)) => {
                let origin = Self::Sweep(point.parse().map_err(|_| wrong())?);
                // `+17` and `17` parse as numbers, but are not the written form of a point.
                if origin.to_string() != word {
                    return Err(wrong());
                }
                origin
            }
            Some(_) => return Err(wrong()),
        })
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|word| Self::of(&word))
    }
}

impl JsonSchema for Origin {
    fn schema_name() -> Cow<'static, str> {
        "Origin".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "What drew the faults: `script`, `swarm`, `sweep-0017` for a point of a sweep, `kept-NAME` \
                for a kept plan, `plan` or `plan-NAME` for one from a file.",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_has_one_written_form() {
        let cases = [
            ("kept-some plan", Origin::Kept("some plan".into()), "kept"),
            ("kept-a-b", Origin::Kept("a-b".into()), "kept"),
            ("kept-", Origin::Kept(String::new()), "kept"),
            ("plan", Origin::File(None), "plan"),
            ("plan-plan", Origin::File(Some("plan".into())), "plan"),
            ("script", Origin::Script, "script"),
            ("swarm", Origin::Swarm, "swarm"),
            ("sweep-0000", Origin::Sweep(0), "sweep"),
            ("sweep-0017", Origin::Sweep(17), "sweep"),
            ("sweep-12345", Origin::Sweep(12_345), "sweep"),
        ];
        let mut origins = Vec::new();
        for (word, origin, kind) in cases {
            assert_eq!(word.parse(), Ok(origin.clone()));
            assert_eq!((origin.to_string().as_str(), origin.kind()), (word, kind));
            assert_eq!(serde_json::to_string(&origin).expect("a string"), format!("\"{word}\""));
            origins.push(origin);
        }
        // Records sort in this order, whichever type holds the word.
        origins.sort();
        let words: Vec<String> = origins.iter().map(ToString::to_string).collect();
        assert!(words.is_sorted(), "{words:?}");
    }

    #[test]
    fn another_word_is_refused_and_kept() {
        for word in ["", "Script", "sweep", "sweep-", "sweep-17", "sweep-+017", "swarm-1", "x/../y"]
        {
            let why = word.parse::<Origin>().expect_err("it is none").to_string();
            assert!(why.contains(word) && why.contains("`kept-NAME`"), "{why}");
            let kept: Origin = serde_json::from_value(word.into()).expect("read all the same");
            assert_eq!((&kept, kept.to_string().as_str()), (&Origin::Other(word.into()), word));
        }
    }

    proptest! {
        #[test]
        fn a_word_is_written_as_it_was_read(word in "(script|swarm|plan|kept|sweep)?-?[0-9a-z/.\u{0}-]{0,6}") {
            prop_assert_eq!(Origin::of(&word).to_string(), word);
        }
    }
}
