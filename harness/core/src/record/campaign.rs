//! A campaign: what it set out to do, and the records of its runs.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    hit_class::HitClass,
    record::{CoverageGoal, Extent, Record, RunId},
    seed::Seed,
};

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
    /// What drew the faults.
    #[serde(default)]
    pub nemeses: Vec<String>,
    /// Which part of all runs this is, such as `slice:1/3`; nothing where it is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// How a replay is started, without its arguments: `cargo drill`.
    pub program: String,
    /// Whether all scenarios were ordered with at least the default seeds. A mark that such a campaign never hit makes
    /// it unknown, unless the campaign is incomplete.
    pub whole: bool,
    /// The failpoints of their targets, as sites: `fp:jobs.after_claim`.
    #[serde(default)]
    pub failpoints: Vec<String>,
    /// What a campaign must reach, where all scenarios that can do it are in the campaign.
    #[serde(default, alias = "exercises", skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<CoverageGoal>,
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
    /// Cores that they had to themselves, or shared where there were fewer; 0 where an older release did not say.
    #[serde(default)]
    pub cores: u32,
    /// The commit that was checked out, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// How much of a scenario's space a sweep covered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SweepRecord {
    /// The scenario.
    pub scenario: String,
    /// The seed of the calm run.
    pub seed: Seed,
    /// Another scenario that was swept instead: the same calm run, judged by the same checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// Boundaries that the calm run passed, each hit counted.
    pub boundaries: u64,
    /// Every hit with every act that fits it, taken one at a time.
    #[serde(default)]
    pub space: u64,
    /// Those of them that are represented by an equivalent one.
    #[serde(default)]
    pub equivalent: u64,
    /// Single faults that were run.
    pub singles: u64,
    /// Kinds of hits that were met only under faults: retries, and recovery itself.
    #[serde(default)]
    pub under_faults: u64,
    /// Runs with a second fault at one of these.
    #[serde(default)]
    pub during_recovery: u64,
    /// Runs with two faults of the calm run's boundaries.
    #[serde(default)]
    pub pairs: u64,
    /// Plans that were left out, because a bound was met.
    #[serde(default)]
    pub left_out: u64,
}

/// One line of `campaign.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CampaignLine {
    /// The first line: what the campaign set out to do.
    Campaign(CampaignHeader),
    /// How much was ordered, how much of it was recorded, and what cut it; the last one counts.
    Extent(Extent),
    /// A run; the last one of the same run counts.
    Record(Box<Record>),
    /// The hits of a run on which others hang; only while the campaign goes on.
    #[serde(alias = "passages")]
    HitClasses(RunId, Vec<HitClass>),
    /// How much a sweep covered.
    Sweep(SweepRecord),
    /// The last line of a campaign that came to its end.
    Measured(CampaignMeasured),
}

/// A campaign: what it set out to do, and the records of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// What it set out to do.
    pub header: CampaignHeader,
    /// Its runs, sorted by their ids.
    pub records: Vec<Record>,
    /// How much its sweeps covered, by scenario and seed.
    pub sweeps: Vec<SweepRecord>,
    /// How much it was ordered to run, and what cut it.
    pub extent: Extent,
    /// What it measured; `None` if it did not come to its end.
    pub measured: Option<CampaignMeasured>,
}

impl Campaign {
    /// The distinct names of the checks that were violated.
    pub fn violated_checks(&self) -> BTreeSet<&str> {
        self.records.iter().flat_map(Record::violated).collect()
    }
}
