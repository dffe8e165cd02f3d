//! Records of runs and campaigns: what is written down, and all that a report may see.
//!
//! Everything that depends on the wall clock or on the machine is in `measured`; the rest is equal, byte for byte, for
//! equal input.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    check::{Check, Kind, Priority},
    fault::{At, Fault},
    origin::Origin,
    redact::redact,
    seed::Seed,
    verdict::{Outcome, Verdict},
};

mod campaign;
mod coverage_goal;
mod extent;
mod finding;
mod plan_rest;
mod problem;
mod proof;
mod summary;
mod totals;

pub use campaign::{
    Campaign, CampaignHeader, CampaignLine, CampaignMeasured, KeptRecord, ScenarioRecord,
    SweepRecord,
};
pub use coverage_goal::{CoverageGoal, CoverageGoalSummary, Way, WaySummary};
pub use extent::{Cut, Extent, Incomplete, Ran};
pub use finding::{Finding, FindingScenario, FindingWay};
pub use plan_rest::PlanRest;
pub use proof::{Proof, ProofBy};
pub use summary::{ScenarioSummary, SiteCoverage, Summary, Tally, Untried};
pub use totals::{ScenarioTotals, Totals};

/// Version of records and campaigns. Version 1 is read too: it called the origin of a run `nemesis`, and its records
/// have only the faults of the plan.
pub const RECORD_VERSION: u32 = 2;

/// The name of the harness's check that the workload ends. A bug of almost any kind can keep a client waiting, so this
/// check says least about the cause.
pub const WORKLOAD_ENDS: &str = "the_workload_ends";

/// The identity of a run: everything that distinguishes it from the others.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct RunId {
    /// The scenario's name.
    pub scenario: String,
    /// What drew the faults.
    #[serde(alias = "nemesis")]
    pub origin: Origin,
    /// The seed.
    pub seed: Seed,
    /// The database.
    pub db: String,
    /// The simulator.
    pub simulator: String,
    /// The planted defect that was enabled, or several, joined by commas; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<String>,
}

impl RunId {
    /// The name of the target: the part of the scenario's name before the slash.
    pub fn target(&self) -> &str {
        self.scenario.split('/').next().unwrap_or_default()
    }

    /// The run's folder, which is always below the output folder.
    pub fn folder(&self) -> String {
        let plain = |name: &str| name.replace(['/', '\0'], ".");
        let suffix = match &self.origin {
            Origin::Script => String::new(),
            other => format!("-{other}"),
        };
        let scenario = plain(&self.scenario);
        // `.` and `..` are folders that exist already.
        let guard = if scenario.trim_matches('.').is_empty() { "_" } else { "" };
        format!("{guard}{scenario}/{}{}", self.seed, plain(&suffix))
    }

    /// Whether the names are those of a real run; if not, the record was edited by hand to name some other folder.
    pub fn stays_in_its_folder(&self) -> bool {
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
        let origin = self.origin.to_string();
        self.scenario.split('/').all(is_part) && is_part(&origin) && !origin.contains('/')
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} seed {} ({}, {}, {}",
            self.scenario, self.seed, self.origin, self.db, self.simulator
        )?;
        match &self.defect {
            Some(defect) => write!(f, ", defect {defect})"),
            None => f.write_str(")"),
        }
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckRecord {
    /// The check's name.
    pub name: String,
    /// `always`, `eventually`, or `harness` for a check of every run.
    pub kind: String,
    /// The bound after heal, for liveness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_ns: Option<u64>,
    /// How much a violation matters.
    pub priority: Priority,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The problem that the reason names, with ids, hosts and numbers masked; empty if the check holds, and in records
    /// of older releases. [`CheckRecord::problem`] fills the gap.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub problem: String,
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
            why: redact(&outcome.why).into_owned(),
            problem: String::new(),
            witness: outcome.witness,
        }
    }

    /// The record of a check that the harness makes of every run.
    pub fn of_harness(name: &str, outcome: Outcome) -> Self {
        Self {
            name: name.to_owned(),
            kind: "harness".to_owned(),
            within_ns: None,
            priority: Priority::High,
            verdict: outcome.verdict,
            why: redact(&outcome.why).into_owned(),
            problem: String::new(),
            witness: outcome.witness,
        }
    }
}

impl CheckRecord {
    /// Masks the names of hosts and the keys of rows in the problem, besides all that looks like an id.
    #[must_use]
    pub fn with_names(mut self, names: &BTreeSet<String>) -> Self {
        if self.verdict != Verdict::Valid {
            self.problem = problem::problem(&self.why, names);
        }
        self
    }

    /// The problem that the reason names. Runs with the same problem are one finding.
    pub fn problem(&self) -> String {
        match self.problem.as_str() {
            "" => problem::problem(&self.why, &BTreeSet::new()),
            known => known.to_owned(),
        }
    }
}

/// A duration in whole nanoseconds.
pub fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// One planned fault, and whether and where it struck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultRecord {
    /// The fault as planned.
    pub fault: Fault,
    /// The event at which it struck; `None` if it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired: Option<u64>,
    /// The boundary at which a countdown struck: the host, the site, and the number of that host's pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub struck_at: Option<At>,
}

impl FaultRecord {
    /// Where the fault struck or would have: as planned, or for a countdown the boundary at which it struck.
    pub fn at(&self) -> &At {
        self.struck_at.as_ref().unwrap_or(&self.fault.at)
    }
}

impl fmt::Display for FaultRecord {
    /// The fault in words; a countdown with the boundary at which it struck.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.struck_at {
            Some(At::Boundary { host, site, hit }) => {
                write!(f, "{} ({host} at {site} hit {hit})", self.fault)
            }
            _ => self.fault.fmt(f),
        }
    }
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

/// How a violation was replayed and shrunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Triage {
    /// The check whose violation was triaged.
    pub check: String,
    /// Whether the replay in a fresh process had the same digest.
    pub same_again: bool,
    /// The first event in which the two runs differ; `None` if they are equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divergence: Option<String>,
    /// The smallest plan that was found; `None` if the plan was not shrunk, so that some faults that struck may be
    /// unnecessary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimal: Option<Minimal>,
}

/// The smallest plan with the same violated check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Minimal {
    /// The faults.
    pub faults: Vec<Fault>,
    /// The number of runs that it took to find it.
    pub runs: u64,
    /// What the check says about the run of this plan: its events have other numbers than those of the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The digest of the run of this plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// The record of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Version of the format.
    pub version: u32,
    /// The identity of the run.
    pub run: RunId,
    /// The scenario's claim.
    pub claim: String,
    /// The worst verdict of the checks.
    pub verdict: Verdict,
    /// The result of each check, the harness's own first.
    pub checks: Vec<CheckRecord>,
    /// The plan's faults, in its order.
    pub faults: Vec<FaultRecord>,
    /// The rest of the plan; [`Record::plan`] assembles it. `None` in version 1, and if the worker of a swarm's run
    /// died.
    #[serde(default, rename = "plan", skip_serializing_if = "Option::is_none")]
    pub plan_rest: Option<PlanRest>,
    /// How often each boundary site was passed.
    pub sites: BTreeMap<String, u64>,
    /// How often each `sometimes` mark was hit.
    pub marks: BTreeMap<String, u64>,
    /// Events in the trace.
    pub events: u64,
    /// Virtual time of the whole run, in nanoseconds.
    pub virtual_ns: u64,
    /// BLAKE3 of the trace; `None` if the worker died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How the violation was replayed and shrunk; `None` if there is none or it was not triaged.
    #[serde(default, alias = "pursuit", skip_serializing_if = "Option::is_none")]
    pub triage: Option<Triage>,
    /// Everything that depends on the machine.
    pub measured: Measured,
}

impl Record {
    /// The check that the run is reported under, the most telling of those with the worst verdict: by priority, safety
    /// before liveness. [`WORKLOAD_ENDS`] comes last, because it is mostly a consequence.
    pub fn headline(&self) -> Option<&CheckRecord> {
        self.checks
            .iter()
            .filter(|check| check.verdict == self.verdict && check.verdict != Verdict::Valid)
            .min_by_key(|check| {
                (check.name == WORKLOAD_ENDS, check.priority, check.within_ns.is_some())
            })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn run(scenario: &str, origin: &str) -> RunId {
        RunId {
            scenario: scenario.into(),
            origin: Origin::of(origin),
            seed: Seed(42),
            db: "sqlite".into(),
            simulator: "turmoil".into(),
            defect: None,
        }
    }

    #[test]
    fn the_origin_has_another_name_in_version_1() {
        let text = r#"{"scenario":"a/b","nemesis":"sweep-0017","seed":"0x2a","db":"sqlite","simulator":"turmoil"}"#;
        let read: RunId = serde_json::from_str(text).expect("version 1 is read");
        assert_eq!(read, run("a/b", "sweep-0017"));
        let written = serde_json::to_string(&read).expect("plain data");
        assert_eq!(written, text.replace("nemesis", "origin"));
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let plain = [
            ("outbox/lease-expiry", "script", "outbox.lease-expiry/0x2a"),
            ("a/b.c", "kept-some plan", "a.b.c/0x2a-kept-some plan"),
        ];
        for (scenario, origin, folder) in plain {
            assert_eq!(run(scenario, origin).folder(), folder);
            assert!(run(scenario, origin).stays_in_its_folder());
        }
        let hostile = [
            ("x", "x/../../../victim", "x/0x2a-x..........victim"),
            ("..", "script", "_../0x2a"),
            ("/.", "script", "_../0x2a"),
            ("", "script", "_/0x2a"),
            ("/etc/x", "script", ".etc.x/0x2a"),
            ("a/../../b", "script", "a.......b/0x2a"),
            ("a\0b", "script", "a.b/0x2a"),
            ("a", "b\0", "a/0x2a-b."),
        ];
        for (scenario, origin, folder) in hostile {
            assert_eq!(run(scenario, origin).folder(), folder);
            assert!(!run(scenario, origin).stays_in_its_folder(), "{scenario} {origin}");
        }
    }
}
