//! What is written down of a run and of a campaign: all that a report may see.
//!
//! Whatever depends on the wall clock or on the machine lives in `measured`; the rest is equal, byte for byte,
//! for equal input.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    check::{Check, Kind, Priority},
    fault::Fault,
    seed::Seed,
    verdict::{Outcome, Verdict},
};

/// Version of records and campaigns.
pub const RECORD_VERSION: u32 = 1;

/// Which run: everything that tells it from the others.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct RunId {
    /// The scenario's name.
    pub scenario: String,
    /// What drew the faults: `script`, or `plan` for a plan given by hand.
    pub nemesis: String,
    /// The seed.
    pub seed: Seed,
    /// The database.
    pub db: String,
    /// The simulator.
    pub simulator: String,
    /// The planted defect that was switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<String>,
}

impl RunId {
    /// The run's folder below the output folder.
    pub fn folder(&self) -> String {
        let suffix =
            if self.nemesis == "script" { String::new() } else { format!("-{}", self.nemesis) };
        format!("{}/{}{suffix}", self.scenario.replace('/', "."), self.seed)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} seed {} ({}, {}, {}",
            self.scenario, self.seed, self.nemesis, self.db, self.simulator
        )?;
        match &self.defect {
            Some(defect) => write!(f, ", defect {defect})"),
            None => f.write_str(")"),
        }
    }
}

/// How one check ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckRecord {
    /// The check's name.
    pub name: String,
    /// `always`, `eventually`, or `harness` for what holds of every run.
    pub kind: String,
    /// The bound after heal, for liveness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_ns: Option<u64>,
    /// How much a violation matters.
    pub priority: Priority,
    /// How it ended.
    pub verdict: Verdict,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The events that show it, by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witness: Vec<u64>,
}

impl CheckRecord {
    /// The record of a scenario's check.
    pub fn of(check: &Check, outcome: Outcome) -> Self {
        let (kind, within_ns) = match check.kind {
            Kind::Always => ("always", None),
            Kind::Eventually(bound) => ("eventually", Some(nanos(bound))),
        };
        Self {
            name: check.name.clone(),
            kind: kind.to_owned(),
            within_ns,
            priority: check.priority,
            verdict: outcome.verdict,
            why: outcome.why,
            witness: outcome.witness,
        }
    }

    /// The record of what the harness holds of every run.
    pub fn of_harness(name: &str, outcome: Outcome) -> Self {
        Self {
            name: name.to_owned(),
            kind: "harness".to_owned(),
            within_ns: None,
            priority: Priority::High,
            verdict: outcome.verdict,
            why: outcome.why,
            witness: outcome.witness,
        }
    }
}

/// A span as whole nanoseconds.
pub fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// One planned fault, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultRecord {
    /// The fault as planned.
    pub fault: Fault,
    /// The event at which it struck; nothing where it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired: Option<u64>,
}

/// Everything that depends on the wall clock or the machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// Wall-clock time of the run, in microseconds.
    pub wall_us: u64,
    /// What the worker wrote to standard error before it died; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
}

/// What is written down of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Version of the format.
    pub version: u32,
    /// Which run.
    pub run: RunId,
    /// The scenario's claim.
    pub claim: String,
    /// The worst verdict of its checks.
    pub verdict: Verdict,
    /// How each check ended, the harness's own first.
    pub checks: Vec<CheckRecord>,
    /// The plan's faults, in its order.
    pub faults: Vec<FaultRecord>,
    /// How often each boundary site was passed.
    pub sites: BTreeMap<String, u64>,
    /// How often each `sometimes` mark was hit.
    pub marks: BTreeMap<String, u64>,
    /// Events in the trace.
    pub events: u64,
    /// Virtual time of the whole run, in nanoseconds.
    pub virtual_ns: u64,
    /// BLAKE3 of the trace; nothing where the worker died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What depends on the machine.
    pub measured: Measured,
}

impl Record {
    /// The check that speaks for the run: the first of the worst, by priority.
    pub fn headline(&self) -> Option<&CheckRecord> {
        self.checks
            .iter()
            .filter(|check| check.verdict == self.verdict && check.verdict != Verdict::Valid)
            .min_by_key(|check| check.priority)
    }

    /// The names of the violated checks.
    pub fn violated(&self) -> impl Iterator<Item = &str> {
        self.checks
            .iter()
            .filter(|check| check.verdict == Verdict::Invalid)
            .map(|check| check.name.as_str())
    }

    /// Virtual time of the whole run.
    pub fn virtual_time(&self) -> Duration {
        Duration::from_nanos(self.virtual_ns)
    }
}

/// One scenario, as a campaign announces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioRecord {
    /// Its name.
    pub name: String,
    /// Its claim.
    pub claim: String,
    /// The names of its checks.
    pub checks: Vec<String>,
    /// The names of its `sometimes` marks.
    pub marks: Vec<String>,
}

/// What a campaign set out to do: the first line of `campaign.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CampaignHeader {
    /// Version of the format.
    pub version: u32,
    /// The version of chaosdrill that ran it.
    pub tool: String,
    /// The simulator.
    pub simulator: String,
    /// The database.
    pub db: String,
    /// The planted defect that was switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<String>,
    /// The seeds, as they were asked for.
    pub seeds: String,
    /// How a replay is started, without its arguments: `cargo drill`.
    pub program: String,
    /// Whether all scenarios ran with at least the default seeds, so that a mark without a hit means something.
    pub whole: bool,
    /// The scenarios.
    pub scenarios: Vec<ScenarioRecord>,
}

/// What a campaign measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CampaignMeasured {
    /// Wall-clock time of the campaign, in milliseconds.
    pub wall_ms: u64,
    /// Worker processes.
    pub jobs: u32,
}

/// A campaign: what it set out to do, and the records of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// What it set out to do.
    pub header: CampaignHeader,
    /// Its runs, sorted by their ids.
    pub records: Vec<Record>,
    /// What it measured; nothing where it did not come to its end.
    pub measured: Option<CampaignMeasured>,
}

/// Runs by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// All runs.
    pub runs: u64,
    /// Runs whose checks all held.
    pub valid: u64,
    /// Runs of which nothing can be said.
    pub unknown: u64,
    /// Runs that violated a check.
    pub invalid: u64,
}

impl Tally {
    /// Counts one more run.
    pub fn add(&mut self, verdict: Verdict) {
        self.runs += 1;
        match verdict {
            Verdict::Valid => self.valid += 1,
            Verdict::Unknown => self.unknown += 1,
            Verdict::Invalid => self.invalid += 1,
        }
    }
}

/// One scenario's runs in a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioSummary {
    /// Its name.
    pub name: String,
    /// Its claim.
    pub claim: String,
    /// Its runs.
    pub tally: Tally,
    /// Hits of its marks over all runs.
    pub marks: BTreeMap<String, u64>,
}

/// One run that was not valid, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Which run.
    pub run: RunId,
    /// How it ended.
    pub verdict: Verdict,
    /// The check that speaks for it.
    pub check: String,
    /// How much it matters.
    pub priority: Priority,
    /// Why, in words.
    pub why: String,
}

/// What a campaign comes to: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Version of the format.
    pub version: u32,
    /// What the campaign set out to do.
    pub campaign: CampaignHeader,
    /// The worst verdict.
    pub verdict: Verdict,
    /// All runs.
    pub tally: Tally,
    /// The runs by scenario.
    pub scenarios: Vec<ScenarioSummary>,
    /// Runs that were not valid, the worst first.
    pub findings: Vec<Finding>,
    /// Marks that no run hit, as `scenario: mark`.
    pub never_hit: Vec<String>,
    /// Planned faults that struck, by act.
    pub faults_fired: BTreeMap<String, u64>,
    /// How often each boundary site was passed.
    pub sites: BTreeMap<String, u64>,
    /// Virtual time of all runs, in nanoseconds.
    pub virtual_ns: u64,
    /// What depends on the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<CampaignMeasured>,
}

impl Campaign {
    /// What it comes to.
    pub fn summary(&self) -> Summary {
        let mut tally = Tally::default();
        let mut sites = BTreeMap::new();
        let mut faults_fired = BTreeMap::new();
        for record in &self.records {
            tally.add(record.verdict);
            for (site, hits) in &record.sites {
                *sites.entry(site.clone()).or_default() += hits;
            }
            for fault in record.faults.iter().filter(|fault| fault.fired.is_some()) {
                *faults_fired.entry(fault.fault.act.family().to_owned()).or_default() += 1;
            }
        }
        let scenarios: Vec<_> =
            self.header.scenarios.iter().map(|scenario| self.scenario_summary(scenario)).collect();
        let never_hit: Vec<_> = scenarios
            .iter()
            .flat_map(|scenario| {
                scenario
                    .marks
                    .iter()
                    .filter(|(_, hits)| **hits == 0)
                    .map(|(mark, _)| format!("{}: {mark}", scenario.name))
            })
            .collect();
        let worst =
            self.records.iter().map(|record| record.verdict).max().unwrap_or(Verdict::Valid);
        let vacuous = self.header.whole && !never_hit.is_empty();
        Summary {
            version: RECORD_VERSION,
            campaign: self.header.clone(),
            verdict: if vacuous { worst.max(Verdict::Unknown) } else { worst },
            tally,
            scenarios,
            findings: self.findings(),
            never_hit,
            faults_fired,
            sites,
            virtual_ns: self
                .records
                .iter()
                .fold(0, |sum, record| sum.saturating_add(record.virtual_ns)),
            measured: self.measured.clone(),
        }
    }

    fn scenario_summary(&self, scenario: &ScenarioRecord) -> ScenarioSummary {
        let mut tally = Tally::default();
        let mut marks: BTreeMap<String, u64> =
            scenario.marks.iter().map(|mark| (mark.clone(), 0)).collect();
        for record in self.records.iter().filter(|record| record.run.scenario == scenario.name) {
            tally.add(record.verdict);
            for (mark, hits) in &record.marks {
                *marks.entry(mark.clone()).or_default() += hits;
            }
        }
        ScenarioSummary { name: scenario.name.clone(), claim: scenario.claim.clone(), tally, marks }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .records
            .iter()
            .filter_map(|record| {
                record.headline().map(|check| Finding {
                    run: record.run.clone(),
                    verdict: record.verdict,
                    check: check.name.clone(),
                    priority: check.priority,
                    why: check.why.clone(),
                })
            })
            .collect();
        findings.sort_by(|a, b| {
            b.verdict.cmp(&a.verdict).then(a.priority.cmp(&b.priority)).then(a.run.cmp(&b.run))
        });
        findings
    }

    /// The distinct names of the checks that were violated.
    pub fn violated_checks(&self) -> BTreeSet<&str> {
        self.records.iter().flat_map(Record::violated).collect()
    }
}
