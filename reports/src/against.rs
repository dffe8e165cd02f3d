//! Compares findings with those of an earlier campaign: new, ongoing, fixed.
//!
//! Two findings are the same if they violate the same check of the same target with the same problem, or if the run of
//! the earlier one violates the same check now, in other words. A finding is fixed only if runs of each way to it and
//! of each scenario that showed it were replayed and are valid now.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

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
pub struct Against {
    now: Vec<Finding>,
    /// The ids of the findings of the current campaign that the earlier one has, too.
    ongoing: BTreeSet<String>,
    fixed: Vec<Finding>,
    not_looked_for: Vec<Finding>,
}

/// Looks up the records of a campaign, which may be too many to hold them all.
pub trait Records {
    /// The record of a run; `None` if the campaign does not have it.
    ///
    /// # Errors
    ///
    /// If the records cannot be read.
    fn record(&self, run: &RunId) -> io::Result<Option<Record>>;

    /// The kept plans of which the campaign has runs.
    fn kept(&self) -> Vec<Origin>;
}

impl Against {
    /// Compares two campaigns, each with its records.
    ///
    /// # Errors
    ///
    /// If the records cannot be read.
    pub fn new(
        earlier: (&Campaign, &dyn Records),
        now: (&Campaign, &dyn Records),
    ) -> io::Result<Self> {
        let comparison = Comparison { earlier: earlier.1, now: now.1 };
        let now = now.0.totals.findings();
        let known = Known::of(&now);
        let mut ongoing = BTreeSet::new();
        let (mut fixed, mut not_looked_for) = (Vec::new(), Vec::new());
        for earlier in earlier.0.totals.findings() {
            let same = known.same_as(&earlier, comparison.again(&earlier)?);
            if !same.is_empty() {
                ongoing.extend(same.into_iter().map(str::to_owned));
            } else if comparison.is_looked_for(&earlier)? {
                fixed.push(earlier);
            } else {
                not_looked_for.push(earlier);
            }
        }
        Ok(Self { now, ongoing, fixed, not_looked_for })
    }

    /// The findings of the current campaign.
    pub fn now(&self) -> impl Iterator<Item = &Finding> {
        self.now.iter()
    }

    /// The status of a finding of the current campaign.
    pub fn status(&self, finding: &Finding) -> Status {
        if self.ongoing.contains(&finding.id) { Status::Ongoing } else { Status::New }
    }

    /// Earlier findings that are fixed: their runs were replayed, and the finding is gone.
    pub fn fixed(&self) -> &[Finding] {
        &self.fixed
    }

    /// Earlier findings whose status is unknown, because no valid run replayed them.
    pub fn not_looked_for(&self) -> &[Finding] {
        &self.not_looked_for
    }

    /// How many findings are new, ongoing, fixed and not looked for, in one sentence without its full stop.
    pub fn because(&self) -> String {
        let ongoing = self.ongoing.len();
        let parts = [
            (self.now.len() - ongoing, "new"),
            (ongoing, "ongoing"),
            (self.fixed.len(), "fixed"),
            (self.not_looked_for.len(), "not run again"),
        ];
        let parts =
            parts.map(|(number, what)| format!("{} {what}", numbers::grouped(number as u64)));
        format!("compared with the earlier campaign: {}", parts.join(", "))
    }
}

/// What makes two findings the same: the verdict, the check, the target and the problem.
type Key = (Verdict, String, String, String);

fn key(finding: &Finding, problem: String) -> Key {
    (finding.verdict, finding.check.clone(), finding.run.target().to_owned(), problem)
}

/// The ids of the current findings by what makes them the same as another.
struct Known<'a> {
    by_problem: BTreeMap<Key, Vec<&'a str>>,
    /// A campaign of an older version does not know which words are ids, so the problems are also compared without
    /// that knowledge.
    by_unaided_problem: BTreeMap<Key, Vec<&'a str>>,
}

impl<'a> Known<'a> {
    fn of(findings: &'a [Finding]) -> Self {
        let (mut by_problem, mut by_unaided_problem) = (BTreeMap::new(), BTreeMap::new());
        for finding in findings {
            let add = |map: &mut BTreeMap<Key, Vec<&'a str>>, problem| {
                map.entry(key(finding, problem)).or_default().push(&finding.id);
            };
            add(&mut by_problem, finding.problem.clone());
            add(&mut by_unaided_problem, finding.unaided_problem());
        }
        Self { by_problem, by_unaided_problem }
    }

    /// The current findings that are an earlier one. `again` is what the run of the earlier one shows now, because that
    /// may be the same in other words.
    fn same_as(&self, earlier: &Finding, again: Option<(Verdict, CheckRecord)>) -> Vec<&'a str> {
        let again = again.filter(|(_, check)| check.name == earlier.check);
        let again = again.map(|(verdict, check)| {
            let (_, name, target, _) = key(earlier, String::new());
            (verdict, name, target, check.problem())
        });
        let keys = [Some(key(earlier, earlier.problem.clone())), again];
        let same = keys.iter().flatten().filter_map(|key| self.by_problem.get(key));
        let unaided = self.by_unaided_problem.get(&key(earlier, earlier.unaided_problem()));
        same.chain(unaided).flatten().copied().collect()
    }
}

/// The records of two campaigns.
struct Comparison<'a> {
    earlier: &'a dyn Records,
    now: &'a dyn Records,
}

impl Comparison<'_> {
    /// What the run of an earlier finding shows now. The point of a sweep is only a number, so it may be a different
    /// fault now.
    fn again(&self, earlier: &Finding) -> io::Result<Option<(Verdict, CheckRecord)>> {
        if matches!(earlier.run.origin, Origin::Sweep(_)) {
            return Ok(None);
        }
        let again = self.now.record(&earlier.run)?;
        Ok(again.and_then(|record| Some((record.verdict, record.headline()?.clone()))))
    }

    /// Whether the finding's run, one run of each way to it, and one of each scenario are valid now.
    fn is_looked_for(&self, finding: &Finding) -> io::Result<bool> {
        let mut runs: Vec<&RunId> = vec![&finding.run];
        runs.extend(finding.ways.iter().map(|way| &way.run));
        for scenario in &finding.scenarios {
            if runs.iter().all(|run| run.scenario != scenario.name) {
                runs.extend(&scenario.first);
            }
        }
        for run in runs {
            if !self.is_valid_now(run, &finding.check)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a run of the earlier campaign, or a plan kept from it for this check, is valid now. Other runs of the
    /// scenario do not count: most seeds miss most bugs.
    fn is_valid_now(&self, run: &RunId, check: &str) -> io::Result<bool> {
        let earlier = self.earlier.record(run)?;
        let triage = earlier.as_ref().and_then(|record| record.triage.as_ref());
        let minimal = triage.filter(|it| it.check == check).and_then(|it| it.minimal.as_ref());
        let plans: Vec<Vec<&Fault>> = earlier
            .as_ref()
            .map(planned)
            .into_iter()
            .chain(minimal.map(|minimal| minimal.faults.iter().collect()))
            .collect();
        let is_valid = |record: &Record| record.verdict == Verdict::Valid;
        let is_one_of = |record: &Record| plans.iter().any(|p| is_plan(p, &planned(record)));
        // The point of a sweep is only a number, so it may be a different fault now.
        let is_plan_sure = !matches!(run.origin, Origin::Sweep(_));
        let same = self.now.record(run)?.filter(is_valid);
        if same.is_some_and(|record| is_plan_sure || is_one_of(&record)) {
            return Ok(true);
        }
        for origin in self.now.kept().into_iter().filter(|origin| *origin != run.origin) {
            let kept = self.now.record(&RunId { origin, ..run.clone() })?.filter(is_valid);
            if kept.is_some_and(|record| is_one_of(&record)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn planned(record: &Record) -> Vec<&Fault> {
    record.faults.iter().map(|fault| &fault.fault).collect()
}

/// Whether two plans have the same faults. Whether all of them must strike, as in a kept plan, does not matter.
fn is_plan(a: &[&Fault], b: &[&Fault]) -> bool {
    let is_equal = |(a, b): (&&Fault, &&Fault)| (&a.at, &a.act) == (&b.at, &b.act);
    a.len() == b.len() && a.iter().zip(b).all(is_equal)
}
