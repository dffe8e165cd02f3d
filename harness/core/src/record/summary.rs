//! The summary of a campaign: tallies, findings and coverage.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    record::{
        Campaign, CampaignHeader, CampaignMeasured, CoverageGoalSummary, Finding, Incomplete,
        RECORD_VERSION, ScenarioRecord, SweepRecord,
    },
    swarm::FAMILIES,
    verdict::Verdict,
};

/// Runs by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// All runs.
    pub runs: u64,
    /// Runs whose checks all held.
    pub valid: u64,
    /// Runs that allow no conclusion.
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

    /// The worst verdict of the runs.
    pub fn worst(self) -> Verdict {
        match self {
            Self { invalid: 1.., .. } => Verdict::Invalid,
            Self { unknown: 1.., .. } => Verdict::Unknown,
            _ => Verdict::Valid,
        }
    }
}

/// The runs of one scenario in a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioSummary {
    /// The name.
    pub name: String,
    /// The claim.
    pub claim: String,
    /// The runs.
    pub tally: Tally,
    /// Hits of the marks over all runs.
    pub marks: BTreeMap<String, u64>,
}

/// Passes and strikes at one boundary site over a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SiteCoverage {
    /// The site.
    pub site: String,
    /// How often it was passed.
    pub passes: u64,
    /// How often each act struck there.
    pub struck: BTreeMap<String, u64>,
}

/// What a campaign could have tried and did not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Untried {
    /// Failpoints that no run passed, as sites.
    pub failpoints: Vec<String>,
    /// Sites that were passed but at which no fault struck.
    pub sites: Vec<String>,
    /// Sites that only clients pass: no fault can strike there, as far as the sweeps know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_sites: Vec<String>,
    /// Families of faults that never struck.
    pub acts: Vec<String>,
}

impl Untried {
    /// Whether everything was tried that could be tried.
    pub fn is_empty(&self) -> bool {
        self.failpoints.is_empty() && self.sites.is_empty() && self.acts.is_empty()
    }
}

/// The summary of a campaign: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Version of the format.
    pub version: u32,
    /// The header of the campaign.
    pub campaign: CampaignHeader,
    /// The worst verdict; at best unknown if the campaign is incomplete, unless time was its order.
    pub verdict: Verdict,
    /// What is missing, and why; `None` if everything ordered is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Incomplete>,
    /// All runs.
    pub tally: Tally,
    /// The runs by scenario.
    pub scenarios: Vec<ScenarioSummary>,
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
    /// Marks that no run hit, as `scenario: mark`, and goals that no run reached, as `list NAME: what`.
    pub never_hit: Vec<String>,
    /// What could have been tried and was not.
    #[serde(default)]
    pub untried: Untried,
    /// What the campaign must reach, and how often it did.
    #[serde(default, alias = "exercises", skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<CoverageGoalSummary>,
    /// Planned faults that struck, by act.
    pub faults_fired: BTreeMap<String, u64>,
    /// Every boundary site that was passed, and what struck there.
    pub coverage: Vec<SiteCoverage>,
    /// How much the sweeps covered.
    pub sweeps: Vec<SweepRecord>,
    /// Virtual time of all runs, in nanoseconds.
    pub virtual_ns: u64,
    /// Everything that depends on the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<CampaignMeasured>,
}

impl Campaign {
    /// Summarises the campaign.
    pub fn summary(&self) -> Summary {
        let totals = &self.totals;
        let scenarios: Vec<_> =
            self.header.scenarios.iter().map(|scenario| self.scenario_summary(scenario)).collect();
        let goals = totals.goals();
        let mut never_hit: Vec<_> = scenarios
            .iter()
            .flat_map(|scenario| {
                scenario
                    .marks
                    .iter()
                    .filter(|(_, hits)| **hits == 0)
                    .map(|(mark, _)| format!("{}: {mark}", scenario.name))
            })
            .collect();
        let undone = goals.iter().filter(|goal| goal.hits() == 0);
        never_hit.extend(undone.map(CoverageGoalSummary::title));
        let worst = totals.tally().worst();
        let coverage = self.coverage();
        let incomplete = self.incomplete();
        let is_cut = incomplete.as_ref().is_some_and(|incomplete| !incomplete.is_as_ordered());
        let vacuous = self.header.whole && incomplete.is_none() && !never_hit.is_empty();
        Summary {
            version: RECORD_VERSION,
            campaign: self.header.clone(),
            verdict: if vacuous || is_cut { worst.max(Verdict::Unknown) } else { worst },
            incomplete,
            tally: totals.tally(),
            scenarios,
            findings: totals.findings(),
            never_hit,
            untried: self.untried(&coverage, totals.faults_fired()),
            goals,
            faults_fired: totals.faults_fired().clone(),
            coverage,
            sweeps: self.sweeps.clone(),
            virtual_ns: totals.virtual_ns(),
            measured: self.measured.clone(),
        }
    }

    fn scenario_summary(&self, scenario: &ScenarioRecord) -> ScenarioSummary {
        let mut marks: BTreeMap<String, u64> =
            scenario.marks.iter().map(|mark| (mark.clone(), 0)).collect();
        let totals = self.totals.scenario(&scenario.name);
        marks.extend(totals.into_iter().flat_map(|totals| totals.marks.clone()));
        let tally = totals.map(|totals| totals.tally).unwrap_or_default();
        ScenarioSummary { name: scenario.name.clone(), claim: scenario.claim.clone(), tally, marks }
    }

    fn untried(&self, coverage: &[SiteCoverage], fired: &BTreeMap<String, u64>) -> Untried {
        let passed = |site: &str| coverage.iter().any(|known| known.site == site);
        let failpoints = self.header.failpoints.iter().filter(|site| !passed(site)).cloned();
        let calm = coverage.iter().filter(|known| known.struck.is_empty());
        let calm: Vec<&str> = calm.map(|known| known.site.as_str()).collect();
        let of_clients = self.client_sites(&calm);
        let (client_sites, sites) = calm
            .into_iter()
            .map(str::to_owned)
            .partition(|site| of_clients.contains(site.as_str()));
        let acts = FAMILIES.iter().filter(|family| !fired.contains_key(**family));
        Untried {
            failpoints: failpoints.collect(),
            sites,
            client_sites,
            acts: acts.map(|family| (*family).to_owned()).collect(),
        }
    }

    /// How often each site was passed, and what struck there.
    fn coverage(&self) -> Vec<SiteCoverage> {
        let mut coverage: BTreeMap<&str, SiteCoverage> = BTreeMap::new();
        for (_, totals) in self.totals.scenarios() {
            for (site, passes) in &totals.passes {
                let known = coverage.entry(site).or_insert_with(|| SiteCoverage::of(site));
                known.passes = known.passes.saturating_add(*passes);
            }
            for (site, acts) in &totals.struck {
                let known = coverage.entry(site).or_insert_with(|| SiteCoverage::of(site));
                for (act, times) in acts {
                    *known.struck.entry((*act).to_owned()).or_default() += times;
                }
            }
        }
        coverage.into_values().collect()
    }
}

impl SiteCoverage {
    fn of(site: &str) -> Self {
        Self { site: site.to_owned(), passes: 0, struck: BTreeMap::new() }
    }
}
