//! Compares findings with those of an earlier campaign: new, ongoing, fixed.
//!
//! Two findings are the same if they violate the same check of the same target with the same problem, or if the run of
//! the earlier one violates the same check now, in other words. A finding is fixed only if runs of each way to it and
//! of each scenario that showed it were replayed and are valid now.

use chaosdrill_core::{
    Campaign, Fault, Origin, Record, RunId, Verdict,
    record::{CheckRecord, Finding},
};

use crate::numbers;

/// The status of a finding, compared with the earlier campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The earlier campaign does not have the finding.
    New,
    /// The earlier campaign has the finding, too.
    Ongoing,
}

impl Status {
    /// The word for the status, as reports print it.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ongoing => "ongoing",
        }
    }
}

/// The findings of a campaign, compared with those of an earlier campaign.
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

    /// The findings of the current campaign.
    pub fn now(&self) -> impl Iterator<Item = &Finding> {
        self.now.findings.iter()
    }

    /// The status of a finding of the current campaign.
    pub fn status(&self, finding: &Finding) -> Status {
        let mut earlier = self.earlier.findings.iter();
        let known = earlier.any(|earlier| self.is_ongoing_as(earlier, finding));
        if known { Status::Ongoing } else { Status::New }
    }

    /// Earlier findings that are fixed: their runs were replayed, and the finding is gone.
    pub fn fixed(&self) -> Vec<&Finding> {
        self.gone().filter(|earlier| self.is_looked_for(earlier)).collect()
    }

    /// Earlier findings whose status is unknown, because no valid run replayed them.
    pub fn not_looked_for(&self) -> Vec<&Finding> {
        self.gone().filter(|earlier| !self.is_looked_for(earlier)).collect()
    }

    /// How many findings are new, ongoing, fixed and not looked for, in one sentence without its full stop.
    pub fn because(&self) -> String {
        let of = |wanted| self.now.findings.iter().filter(|f| self.status(f) == wanted).count();
        let parts = [
            (of(Status::New), "new"),
            (of(Status::Ongoing), "ongoing"),
            (self.fixed().len(), "fixed"),
            (self.not_looked_for().len(), "not run again"),
        ];
        let parts =
            parts.map(|(number, what)| format!("{} {what}", numbers::grouped(number as u64)));
        format!("compared with the earlier campaign: {}", parts.join(", "))
    }

    fn gone(&self) -> impl Iterator<Item = &Finding> {
        let is_there = |earlier: &Finding| {
            self.now.findings.iter().any(|finding| self.is_ongoing_as(earlier, finding))
        };
        self.earlier.findings.iter().filter(move |earlier| !is_there(earlier))
    }

    /// Whether an earlier finding is this one of the current campaign.
    fn is_ongoing_as(&self, earlier: &Finding, now: &Finding) -> bool {
        let shows_it_in_other_words = || {
            let again = self.now.campaign.records.iter().find(|record| record.run == earlier.run);
            // The point of a sweep is only a number, so it may be a different fault now.
            let again = again.filter(|record| !matches!(record.run.origin, Origin::Sweep(_)));
            let check = again.and_then(|record| Some((record.verdict, record.headline()?)));
            let is_now = |(verdict, check): (Verdict, &CheckRecord)| {
                (verdict, &check.name) == (now.verdict, &now.check)
                    && check.problem() == now.problem
            };
            earlier.check == now.check
                && earlier.run.target() == now.run.target()
                && check.is_some_and(is_now)
        };
        earlier.is_same_as(now) || shows_it_in_other_words()
    }

    /// Whether the finding's run, one run of each way to it, and one of each scenario are valid now.
    fn is_looked_for(&self, finding: &Finding) -> bool {
        let mut runs: Vec<&RunId> = vec![&finding.run];
        runs.extend(finding.ways.iter().map(|way| &way.run));
        for scenario in &finding.scenarios {
            if runs.iter().all(|run| run.scenario != scenario.name) {
                runs.extend(self.first_in(&scenario.name, finding));
            }
        }
        runs.into_iter().all(|run| self.is_valid_now(run, &finding.check))
    }

    /// The first run of a scenario that showed a finding of the earlier campaign.
    fn first_in(&self, scenario: &str, finding: &Finding) -> Option<&RunId> {
        let shows = |record: &&Record| {
            let check = record.headline().filter(|_| record.run.scenario == scenario);
            let is_it = |check: &CheckRecord| {
                check.name == finding.check && check.problem() == finding.problem
            };
            record.verdict == finding.verdict && check.is_some_and(is_it)
        };
        self.earlier.campaign.records.iter().find(shows).map(|record| &record.run)
    }

    /// Whether a run of the earlier campaign, or a plan kept from it for this check, is valid now. Other runs of the
    /// scenario do not count: most seeds miss most bugs.
    fn is_valid_now(&self, run: &RunId, check: &str) -> bool {
        let earlier = self.earlier.campaign.records.iter().find(|record| record.run == *run);
        let triage = earlier.and_then(|record| record.triage.as_ref());
        let minimal = triage.filter(|it| it.check == check).and_then(|it| it.minimal.as_ref());
        let plans: Vec<Vec<&Fault>> = earlier
            .map(planned)
            .into_iter()
            .chain(minimal.map(|minimal| minimal.faults.iter().collect()))
            .collect();
        let mut valid =
            self.now.campaign.records.iter().filter(|record| record.verdict == Verdict::Valid);
        valid.any(|record| {
            let is_one_of =
                |plans: &[Vec<&Fault>]| plans.iter().any(|p| is_plan(p, &planned(record)));
            match record.run == *run {
                // The point of a sweep is only a number, so it may be a different fault now.
                true => !matches!(record.run.origin, Origin::Sweep(_)) || is_one_of(&plans),
                false => is_kept_of(&record.run, run) && is_one_of(&plans),
            }
        })
    }
}

/// Whether `kept` is a run of a kept plan and equals `run` in all but its origin.
fn is_kept_of(kept: &RunId, run: &RunId) -> bool {
    let origin = run.origin.clone();
    matches!(kept.origin, Origin::Kept(_)) && RunId { origin, ..kept.clone() } == *run
}

fn planned(record: &Record) -> Vec<&Fault> {
    record.faults.iter().map(|fault| &fault.fault).collect()
}

/// Whether two plans have the same faults. Whether all of them must strike, as in a kept plan, does not matter.
fn is_plan(a: &[&Fault], b: &[&Fault]) -> bool {
    let is_equal = |(a, b): (&&Fault, &&Fault)| (&a.at, &a.act) == (&b.at, &b.act);
    a.len() == b.len() && a.iter().zip(b).all(is_equal)
}
