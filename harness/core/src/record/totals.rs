//! What the runs of a campaign add up to.
//!
//! A campaign may have millions of runs, so records are added one by one and none is kept. The size of the totals
//! depends on the names of scenarios, checks, marks and sites, and on the number of findings, which has a bound.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    fault::At,
    origin::Origin,
    record::{CoverageGoal, CoverageGoalSummary, Finding, Ran, Record, Tally, finding::Findings},
};

/// What the runs of one scenario add up to.
#[derive(Clone, Debug, Default)]
pub struct ScenarioTotals {
    /// The runs by verdict.
    pub tally: Tally,
    /// The virtual time of the runs. Swarms of slow retries add up to centuries, which overflows nanoseconds.
    pub virtual_time: Duration,
    /// Hits of each mark.
    pub marks: BTreeMap<String, u64>,
    /// Each check with its kind and the runs by its verdict.
    pub checks: BTreeMap<String, (String, Tally)>,
    /// How often each site was passed.
    pub passes: BTreeMap<String, u64>,
    /// How often each family of faults struck at a site.
    pub struck: BTreeMap<String, BTreeMap<&'static str, u64>>,
}

/// What the runs of a campaign add up to.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    tally: Tally,
    ran: Ran,
    scenarios: BTreeMap<String, ScenarioTotals>,
    faults_fired: BTreeMap<String, u64>,
    goals: Vec<(CoverageGoal, CoverageGoalSummary)>,
    findings: Findings,
    swept_singles: u64,
    swept_pairs: u64,
    differs: bool,
    virtual_ns: u64,
    digests: blake3::Hasher,
}

impl Totals {
    /// The totals of no runs, in a campaign with these goals.
    pub fn new(goals: &[CoverageGoal]) -> Self {
        let goals = goals.iter().map(|goal| (goal.clone(), goal.unreached())).collect();
        Self { goals, ..Self::default() }
    }

    /// The totals of records in memory, which are sorted by their ids.
    pub fn of(goals: &[CoverageGoal], records: &[Record]) -> Self {
        let mut totals = Self::new(goals);
        records.iter().for_each(|record| totals.learn(record));
        records.iter().for_each(|record| totals.add(record));
        totals
    }

    /// Learns the way to a finding from a record whose plan was shrunk. A run counts for the first way that explains
    /// it, so all ways are learned before the first run is added.
    pub fn learn(&mut self, record: &Record) {
        self.findings.learn(record);
    }

    /// Adds a run. Runs are added in the order of their ids.
    pub fn add(&mut self, record: &Record) {
        let run = &record.run;
        if self.tally.runs > 0 {
            self.digests.update(b"\n");
        }
        self.digests.update(record.digest.as_deref().unwrap_or("-").as_bytes());
        self.tally.add(record.verdict);
        self.ran.add(&run.scenario, &run.origin);
        self.virtual_ns = self.virtual_ns.saturating_add(record.virtual_ns);
        self.differs |= record.triage.as_ref().is_some_and(|triage| !triage.same_again);
        if let Origin::Sweep(_) = run.origin {
            self.swept_singles += u64::from(record.faults.len() == 1);
            self.swept_pairs += u64::from(record.faults.len() == 2);
        }
        for fault in record.faults.iter().filter(|fault| fault.fired.is_some()) {
            count(&mut self.faults_fired, fault.fault.act.family(), 1);
        }
        for (goal, summary) in &mut self.goals {
            goal.count(record, summary);
        }
        if !self.scenarios.contains_key(&run.scenario) {
            self.scenarios.insert(run.scenario.clone(), ScenarioTotals::default());
        }
        self.scenarios.get_mut(&run.scenario).expect("it is there by now").add(record);
        self.findings.add(record);
    }

    /// The runs by verdict.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The runs by kind and scenario.
    pub fn ran(&self) -> &Ran {
        &self.ran
    }

    /// The scenarios that have runs, by name.
    pub fn scenarios(&self) -> impl Iterator<Item = (&str, &ScenarioTotals)> {
        self.scenarios.iter().map(|(name, totals)| (name.as_str(), totals))
    }

    /// One scenario; `None` if it has no runs.
    pub fn scenario(&self, name: &str) -> Option<&ScenarioTotals> {
        self.scenarios.get(name)
    }

    /// Planned faults that struck, by family.
    pub fn faults_fired(&self) -> &BTreeMap<String, u64> {
        &self.faults_fired
    }

    /// How often each goal was reached.
    pub fn goals(&self) -> Vec<CoverageGoalSummary> {
        self.goals.iter().map(|(_, summary)| summary.clone()).collect()
    }

    /// The findings, the worst first.
    pub fn findings(&self) -> Vec<Finding> {
        self.findings.sorted()
    }

    /// Runs with findings beyond the bound; they are counted in the tallies only.
    pub fn runs_of_other_findings(&self) -> u64 {
        self.findings.left_out()
    }

    /// Runs of sweeps with one planned fault.
    pub fn swept_singles(&self) -> u64 {
        self.swept_singles
    }

    /// Runs of sweeps with two planned faults.
    pub fn swept_pairs(&self) -> u64 {
        self.swept_pairs
    }

    /// Whether a replay of some run differed from the run.
    pub fn differs(&self) -> bool {
        self.differs
    }

    /// The virtual time of all runs, in nanoseconds.
    pub fn virtual_ns(&self) -> u64 {
        self.virtual_ns
    }

    /// One short digest of all runs, which is equal if the digest of each run is.
    pub fn digest(&self) -> String {
        self.digests.finalize().to_hex()[..16].to_owned()
    }
}

impl ScenarioTotals {
    fn add(&mut self, record: &Record) {
        self.tally.add(record.verdict);
        self.virtual_time = self.virtual_time.saturating_add(record.virtual_time());
        record.marks.iter().for_each(|(mark, hits)| count(&mut self.marks, mark, *hits));
        record.sites.iter().for_each(|(site, passes)| count(&mut self.passes, site, *passes));
        for check in &record.checks {
            if !self.checks.contains_key(&check.name) {
                let new = (check.kind.clone(), Tally::default());
                self.checks.insert(check.name.clone(), new);
            }
            self.checks.get_mut(&check.name).expect("it is there by now").1.add(check.verdict);
        }
        for fault in record.faults.iter().filter(|fault| fault.fired.is_some()) {
            let At::Boundary { site, .. } = fault.at() else { continue };
            if !self.struck.contains_key(site) {
                self.struck.insert(site.clone(), BTreeMap::new());
            }
            let acts = self.struck.get_mut(site).expect("it is there by now");
            *acts.entry(fault.fault.act.family()).or_default() += 1;
        }
    }
}

/// Adds to the count of a name, which is copied only when it is new.
fn count(counts: &mut BTreeMap<String, u64>, name: &str, number: u64) {
    match counts.get_mut(name) {
        Some(known) => *known = known.saturating_add(number),
        None => drop(counts.insert(name.to_owned(), number)),
    }
}
