//! Findings against those of an earlier campaign: new, ongoing, fixed.
//!
//! A finding is the same one where the same check is violated with faults at the same places in the smallest
//! plan; where a plan was not made smaller on either side, the scenario has to do.

use chaosdrill_core::{
    At, Fault,
    record::{Finding, Summary},
};

/// What became of a finding since the earlier campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was not there.
    New,
    /// It was there already.
    Ongoing,
}

impl Status {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ongoing => "ongoing",
        }
    }
}

/// A campaign's findings against those of an earlier one.
#[derive(Clone, Debug, PartialEq)]
pub struct Against<'a> {
    earlier: &'a Summary,
    now: &'a Summary,
}

impl<'a> Against<'a> {
    /// Compares two campaigns.
    pub fn new(earlier: &'a Summary, now: &'a Summary) -> Self {
        Self { earlier, now }
    }

    /// What became of one of the findings.
    pub fn status(&self, finding: &Finding) -> Status {
        let known = self.earlier.findings.iter().any(|earlier| is_same(earlier, finding));
        if known { Status::Ongoing } else { Status::New }
    }

    /// Earlier findings that are no longer there, although their scenario ran.
    pub fn fixed(&self) -> Vec<&'a Finding> {
        self.gone().filter(|earlier| self.ran(earlier)).collect()
    }

    /// Earlier findings of which nothing can be said, because their scenario did not run.
    pub fn not_looked_for(&self) -> Vec<&'a Finding> {
        self.gone().filter(|earlier| !self.ran(earlier)).collect()
    }

    fn gone(&self) -> impl Iterator<Item = &'a Finding> {
        let now = self.now;
        let is_there = |earlier: &Finding| now.findings.iter().any(|f| is_same(earlier, f));
        self.earlier.findings.iter().filter(move |earlier| !is_there(earlier))
    }

    fn ran(&self, earlier: &Finding) -> bool {
        let mut scenarios = self.now.scenarios.iter();
        scenarios.any(|scenario| scenario.name == earlier.run.scenario && scenario.tally.runs > 0)
    }
}

fn is_same(a: &Finding, b: &Finding) -> bool {
    let same_check = (a.verdict, &a.check) == (b.verdict, &b.check);
    same_check
        && match (a.minimal(), b.minimal()) {
            (Some(a), Some(b)) => places(a) == places(b),
            _ => a.run.scenario == b.run.scenario,
        }
}

/// Where faults strike and what they do, without which passage it was and how long it took.
fn places(faults: &[Fault]) -> Vec<(&str, &'static str)> {
    let mut places: Vec<(&str, &'static str)> = faults
        .iter()
        .map(|fault| match &fault.at {
            At::Boundary { site, .. } => (site.as_str(), fault.act.family()),
            At::Time(_) => ("", fault.act.family()),
        })
        .collect();
    places.sort_unstable();
    places
}
