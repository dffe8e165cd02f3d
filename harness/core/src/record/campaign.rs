//! A campaign: its header, and the records of its runs.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    hit_class::HitClass,
    origin::Origin,
    record::{CoverageGoal, Extent, Finding, Record, RunId, Totals},
    seed::Seed,
};

/// A scenario in the header of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioRecord {
    /// The name.
    pub name: String,
    /// The claim.
    pub claim: String,
    /// The names of the checks.
    pub checks: Vec<String>,
    /// The names of the `sometimes` marks.
    pub marks: Vec<String>,
}

/// A kept plan in the header of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptRecord {
    /// The name: that of its file, without the extension.
    pub name: String,
    /// The file, from the root of the repository if it is in one.
    pub file: String,
    /// Why it is kept: the comment at the beginning of the file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// The header of a campaign, the first line of `campaign.jsonl`: what was ordered.
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
    /// The planted defect that was enabled; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<String>,
    /// The seeds, as the user gave them.
    pub seeds: String,
    /// What drew the faults.
    #[serde(default)]
    pub nemeses: Vec<String>,
    /// The part of all runs, such as `slice:1/3`; `None` if the campaign has all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The command that starts a replay, without its arguments: `cargo drill`.
    pub program: String,
    /// Whether all scenarios were ordered with at least the default seeds. If such a campaign never hits a mark, it is
    /// unknown, unless it is incomplete.
    pub whole: bool,
    /// The failpoints of the targets, as sites: `fp:jobs.after_claim`.
    #[serde(default)]
    pub failpoints: Vec<String>,
    /// What the campaign must reach; only goals for which it has all scenarios that can reach them.
    #[serde(default, alias = "exercises", skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<CoverageGoal>,
    /// The kept plans that were ordered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptRecord>,
    /// The scenarios.
    pub scenarios: Vec<ScenarioRecord>,
}

impl CampaignHeader {
    /// Whether two campaigns, or parts of one, were ordered alike. Where the files of kept plans lie does not matter:
    /// it depends on the folder and the machine.
    pub fn is_same_order(&self, other: &Self) -> bool {
        let placeless = |header: &Self| {
            let mut header = header.clone();
            for kept in &mut header.kept {
                kept.file.clear();
            }
            header
        };
        placeless(self) == placeless(other)
    }

    /// The kept plan that a run is of; `None` if the run is of none, or if the header does not have it.
    pub fn kept_of(&self, run: &RunId) -> Option<&KeptRecord> {
        let Origin::Kept(name) = &run.origin else { return None };
        self.kept.iter().find(|kept| kept.name == *name)
    }
}

/// Measurements of a campaign, which depend on the machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CampaignMeasured {
    /// Wall-clock time of the campaign, in milliseconds.
    pub wall_ms: u64,
    /// The number of worker processes.
    pub jobs: u32,
    /// The cores that the workers had for themselves, or shared if there were fewer; 0 if an older release did not
    /// record them.
    #[serde(default)]
    pub cores: u32,
    /// The runs that took this time. Fewer than all if the campaign was resumed: the others had ended before. `None` if
    /// an older release did not record them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u64>,
    /// When it began, as a date of RFC 3339 in UTC; `None` if an older release did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// The commit that was checked out; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// How much of a scenario's space a sweep covered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SweepRecord {
    /// The scenario.
    pub scenario: String,
    /// The seed of the fault-free run.
    pub seed: Seed,
    /// A scenario that was swept instead, because its fault-free run and its checks are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// Boundaries that the fault-free run passed, each hit counted.
    pub boundaries: u64,
    /// The number of single faults in the whole space: every hit with every act that fits it.
    #[serde(default)]
    pub space: u64,
    /// Faults of the space that were skipped because an equivalent one represents them.
    #[serde(default)]
    pub equivalent: u64,
    /// Single faults that were run.
    pub singles: u64,
    /// Classes of hits that occurred only under faults: retries, and recovery itself.
    #[serde(default)]
    pub under_faults: u64,
    /// Runs with a second fault at such a hit.
    #[serde(default)]
    pub during_recovery: u64,
    /// Runs with two faults at boundaries of the fault-free run.
    #[serde(default)]
    pub pairs: u64,
    /// Plans that were skipped because a bound was reached: single faults beyond the bound of a sweep that was not
    /// asked for by name, and second faults during recovery beyond theirs. Pairs beyond their bound are not counted.
    #[serde(default)]
    pub left_out: u64,
    /// Sites that only clients passed in the fault-free run. No fault strikes a client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_sites: Vec<String>,
}

/// One line of `campaign.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CampaignLine {
    /// The first line: the header.
    Campaign(CampaignHeader),
    /// How much was ordered, how much of it was recorded, and what cut it; the last such line counts.
    Extent(Extent),
    /// A run; the last record of the same run counts.
    Record(Box<Record>),
    /// The hits of a run from which other runs derive; only while the campaign is running.
    #[serde(alias = "passages")]
    HitClasses(RunId, Vec<HitClass>),
    /// How much a sweep covered.
    Sweep(SweepRecord),
    /// The last line of a campaign that ended.
    Measured(CampaignMeasured),
}

/// A campaign: its header, and what its runs add up to. It does not hold the records, which may be millions.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// The header.
    pub header: CampaignHeader,
    /// What the runs add up to.
    pub totals: Totals,
    /// The records of the runs that stand for the first findings, up to
    /// [`FINDINGS_SHOWN_MAX`](crate::limits::FINDINGS_SHOWN_MAX).
    pub shown: BTreeMap<RunId, Record>,
    /// How much the sweeps covered, by scenario and seed.
    pub sweeps: Vec<SweepRecord>,
    /// How much was ordered, and what cut it.
    pub extent: Extent,
    /// The measurements; `None` if the campaign did not end.
    pub measured: Option<CampaignMeasured>,
}

impl Campaign {
    /// The record of the run that stands for a finding; `None` if the finding is beyond the bound.
    pub fn record_of(&self, finding: &Finding) -> Option<&Record> {
        self.shown.get(&finding.run)
    }

    /// Which of these sites no fault can strike, because only clients pass them.
    ///
    /// A site is one of them if the sweep of every scenario that passed it says so. Without a sweep it is not known
    /// which hosts passed a site, and the site counts as one that could have been struck.
    pub(super) fn client_sites<'a>(&self, sites: &[&'a str]) -> BTreeSet<&'a str> {
        let scenarios = || self.totals.scenarios();
        let of_clients: BTreeMap<&str, BTreeSet<&str>> =
            scenarios().map(|(name, _)| (name, self.swept_client_sites(name))).collect();
        let is_passed = |site: &str| of_clients.values().any(|sites| sites.contains(site));
        let is_within_reach = |site: &str| {
            let mut passed = scenarios().filter(|(_, totals)| totals.passes.contains_key(site));
            passed.any(|(name, _)| !of_clients[name].contains(site))
        };
        let sites = sites.iter().copied();
        sites.filter(|site| is_passed(site) && !is_within_reach(site)).collect()
    }

    /// The sites of clients in the sweeps of a scenario, or of the scenario that was swept instead.
    fn swept_client_sites(&self, scenario: &str) -> BTreeSet<&str> {
        let own = self.sweeps.iter().filter(|sweep| sweep.scenario == scenario);
        let names: BTreeSet<&str> =
            own.map(|sweep| sweep.same_as.as_deref().unwrap_or(scenario)).collect();
        let sweeps = self.sweeps.iter().filter(|sweep| names.contains(&*sweep.scenario));
        sweeps.flat_map(|sweep| sweep.client_sites.iter().map(String::as_str)).collect()
    }
}
