//! The part of a campaign that this machine runs.

use std::{fmt, str::FromStr};

/// Every n-th root, starting with the k-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// The part, counted from 1.
    pub(crate) part: usize,
    /// The number of parts.
    pub(crate) of: usize,
}

impl Partition {
    /// All roots.
    pub(crate) const WHOLE: Self = Self { part: 1, of: 1 };

    /// Whether the root with this index, counted from 0, is in the part.
    pub(crate) fn contains(self, index: u64) -> bool {
        index % self.of as u64 == (self.part - 1) as u64
    }

    /// The number of roots in the part, out of `all`.
    pub(crate) fn count(self, all: u64) -> u64 {
        all.saturating_sub((self.part - 1) as u64).div_ceil(self.of as u64)
    }

    /// The index of the root at this place in the part; both are counted from 0.
    pub(crate) fn index(self, place: u64) -> u64 {
        place * self.of as u64 + (self.part - 1) as u64
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a part; write `slice:2/3` for the second of three");
        let (part, of) =
            text.strip_prefix("slice:").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
        let (part, of) = (part.parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?);
        if part == 0 || part > of {
            return Err(format!("`{text}` is not a part; parts are numbered from 1 to {of}"));
        }
        Ok(Self { part, of })
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slice:{}/{}", self.part, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole() {
        let mut all: Vec<u64> = Vec::new();
        for part in 1..=3 {
            let partition: Partition = format!("slice:{part}/3").parse().expect("a part");
            let own: Vec<u64> = (0..partition.count(10)).map(|it| partition.index(it)).collect();
            assert_eq!(own, (0..10).filter(|it| partition.contains(*it)).collect::<Vec<_>>());
            all.extend(own);
        }
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!((Partition { part: 3, of: 3 }).count(2), 0);
        assert_eq!(Partition { part: 2, of: 3 }.to_string(), "slice:2/3");
    }

    #[test]
    fn what_is_no_part() {
        for wrong in ["", "2/3", "slice:", "slice:0/3", "slice:4/3", "slice:a/b", "slice:1/0"] {
            assert!(wrong.parse::<Partition>().is_err(), "{wrong}");
        }
    }
}
