//! Findings against those of an earlier campaign: new, ongoing, fixed.
//!
//! A finding is the same one where the same check is violated with faults at the same places in the smallest
//! plan; where a plan was not made smaller on either side, the scenario has to do. It is fixed only where what
//! showed it was run again, and was valid.

use chaosdrill_core::{At, Campaign, Fault, Record, RunId, Verdict, record::Finding};

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
    earlier: Side<'a>,
    now: Side<'a>,
}

/// A campaign with its findings.
#[derive(Clone, Debug, PartialEq)]
struct Side<'a> {
    campaign: &'a Campaign,
    findings: Vec<Finding>,
}

impl<'a> Side<'a> {
    fn of(campaign: &'a Campaign) -> Self {
        Self { campaign, findings: campaign.summary().findings }
    }
}

impl<'a> Against<'a> {
    /// Compares two campaigns.
    pub fn new(earlier: &'a Campaign, now: &'a Campaign) -> Self {
        Self { earlier: Side::of(earlier), now: Side::of(now) }
    }

    /// What became of one of the findings.
    pub fn status(&self, finding: &Finding) -> Status {
        let known = self.earlier.findings.iter().any(|earlier| is_same(earlier, finding));
        if known { Status::Ongoing } else { Status::New }
    }

    /// Earlier findings that are no longer there, although what showed them was run again.
    pub fn fixed(&self) -> Vec<&Finding> {
        self.gone().filter(|earlier| self.is_looked_for(earlier)).collect()
    }

    /// Earlier findings of which nothing can be said: no valid run tried what showed them.
    pub fn not_looked_for(&self) -> Vec<&Finding> {
        self.gone().filter(|earlier| !self.is_looked_for(earlier)).collect()
    }

    fn gone(&self) -> impl Iterator<Item = &Finding> {
        let is_there = |earlier: &Finding| self.now.findings.iter().any(|f| is_same(earlier, f));
        self.earlier.findings.iter().filter(move |earlier| !is_there(earlier))
    }

    /// Whether the very run that showed a finding, or a plan that was kept of it, is valid now. Another run of the
    /// scenario says nothing: most seeds miss most bugs.
    fn is_looked_for(&self, finding: &Finding) -> bool {
        let earlier = self.earlier.campaign.records.iter().find(|r| r.run == finding.run);
        let plans: Vec<Vec<&Fault>> = earlier
            .map(planned)
            .into_iter()
            .chain(finding.minimal().map(|faults| faults.iter().collect()))
            .collect();
        let mut valid =
            self.now.campaign.records.iter().filter(|record| record.verdict == Verdict::Valid);
        valid.any(|record| {
            let is_one_of =
                |plans: &[Vec<&Fault>]| plans.iter().any(|p| is_plan(p, &planned(record)));
            match record.run == finding.run {
                // A point of a sweep is a number, and may be another fault now.
                true => !record.run.nemesis.starts_with("sweep-") || is_one_of(&plans),
                false => is_kept_of(&record.run, &finding.run) && is_one_of(&plans),
            }
        })
    }
}

/// Whether a run is that of a kept plan, and else the same.
fn is_kept_of(kept: &RunId, run: &RunId) -> bool {
    let nemesis = run.nemesis.clone();
    kept.nemesis.starts_with("kept-") && RunId { nemesis, ..kept.clone() } == *run
}

fn planned(record: &Record) -> Vec<&Fault> {
    record.faults.iter().map(|fault| &fault.fault).collect()
}

/// Whether two plans have the same faults; that all of a kept one must strike makes no other plan of it.
fn is_plan(a: &[&Fault], b: &[&Fault]) -> bool {
    let is_equal = |(a, b): (&&Fault, &&Fault)| (&a.at, &a.act) == (&b.at, &b.act);
    a.len() == b.len() && a.iter().zip(b).all(is_equal)
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
