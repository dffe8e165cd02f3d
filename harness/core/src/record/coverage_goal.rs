//! Coverage goals: what a whole campaign must have reached, such as each crash window of a pipeline.
//!
//! A site at which a fault struck says little to a reader who thinks in windows ("published, and not settled yet"). A
//! goal names such a window and lists the faults, marks or scenarios that reach it. A goal that no run reached is
//! reported like a `sometimes` mark without a hit.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::{At, site_kind},
    record::Record,
};

/// A goal that a whole campaign must reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageGoal {
    /// The list it belongs to: a target with its crash windows, or a list of all targets.
    pub list: String,
    /// The name in that list: `W1`.
    pub name: String,
    /// A description.
    pub what: String,
    /// The prefix of the names of scenarios that count; empty if all count.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The ways to reach it; one is enough.
    pub ways: Vec<Way>,
}

/// A way to reach a goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A fault struck at a site.
    Struck {
        /// The site; a prefix such as `sql:` stands for all sites of that kind.
        site: String,
        /// The acts that count; all if empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        acts: Vec<String>,
    },
    /// A fault of a family struck anywhere.
    Fired {
        /// The family.
        act: String,
    },
    /// A mark was hit.
    Hit {
        /// The scenario.
        scenario: String,
        /// The mark.
        mark: String,
    },
    /// A scenario ran.
    Ran {
        /// The scenario.
        scenario: String,
    },
}

/// How often a goal was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageGoalSummary {
    /// The list it belongs to.
    pub list: String,
    /// The name in that list.
    pub name: String,
    /// A description.
    pub what: String,
    /// How often it was reached in each way.
    pub ways: Vec<WaySummary>,
}

/// How often a goal was reached in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaySummary {
    /// The way.
    pub way: Way,
    /// The hits.
    pub hits: u64,
}

impl CoverageGoal {
    /// A goal without any way to reach it yet.
    pub fn new(name: &str, what: &str) -> Self {
        let (name, what) = (name.to_owned(), what.to_owned());
        Self { list: String::new(), name, what, scope: String::new(), ways: Vec::new() }
    }

    /// Adds a way: one of these acts, or any act if the list is empty, struck at the site.
    #[must_use]
    pub fn struck(mut self, site: &str, acts: &[&str]) -> Self {
        let acts = acts.iter().map(|act| (*act).to_owned()).collect();
        self.ways.push(Way::Struck { site: site.to_owned(), acts });
        self
    }

    /// Adds a way: a fault of this family struck anywhere.
    #[must_use]
    pub fn fired(mut self, act: &str) -> Self {
        self.ways.push(Way::Fired { act: act.to_owned() });
        self
    }

    /// Adds a way: the mark of this scenario was hit.
    #[must_use]
    pub fn hit(mut self, scenario: &str, mark: &str) -> Self {
        self.ways.push(Way::Hit { scenario: scenario.to_owned(), mark: mark.to_owned() });
        self
    }

    /// Adds a way: this scenario ran.
    #[must_use]
    pub fn ran(mut self, scenario: &str) -> Self {
        self.ways.push(Way::Ran { scenario: scenario.to_owned() });
        self
    }

    /// The goal before any run is counted.
    pub fn unreached(&self) -> CoverageGoalSummary {
        let ways = self.ways.iter().map(|way| WaySummary { way: way.clone(), hits: 0 }).collect();
        let (list, name, what) = (self.list.clone(), self.name.clone(), self.what.clone());
        CoverageGoalSummary { list, name, what, ways }
    }

    /// Counts how often a run reached the goal.
    pub fn count(&self, record: &Record, summary: &mut CoverageGoalSummary) {
        if record.run.scenario.starts_with(&self.scope) {
            for way in &mut summary.ways {
                way.hits = way.hits.saturating_add(way.way.hits(record));
            }
        }
    }
}

impl CoverageGoalSummary {
    /// The list, the name and the description.
    pub fn title(&self) -> String {
        format!("{} {}: {}", self.list, self.name, self.what)
    }

    /// How often the goal was reached, in all ways together.
    pub fn hits(&self) -> u64 {
        self.ways.iter().fold(0, |sum: u64, way| sum.saturating_add(way.hits))
    }
}

impl Way {
    fn hits(&self, record: &Record) -> u64 {
        let struck = || record.faults.iter().filter(|fault| fault.fired.is_some());
        match self {
            Self::Struck { site: wanted, acts } => {
                let is_there = |site: &str| match wanted.strip_suffix(':') {
                    Some(kind) => site_kind(site) == kind,
                    None => site == wanted,
                };
                let is_one = |at: &At, family: &str| {
                    matches!(at, At::Boundary { site, .. } if is_there(site))
                        && (acts.is_empty() || acts.iter().any(|act| act == family))
                };
                struck().filter(|fault| is_one(fault.at(), fault.fault.act.family())).count() as u64
            }
            Self::Fired { act } => {
                struck().filter(|fault| fault.fault.act.family() == act).count() as u64
            }
            Self::Hit { scenario, mark } if record.run.scenario == *scenario => {
                record.marks.get(mark).copied().unwrap_or_default()
            }
            Self::Ran { scenario } => u64::from(record.run.scenario == *scenario),
            Self::Hit { .. } => 0,
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Struck { site, acts } if acts.is_empty() => write!(f, "any fault at {site}"),
            Self::Struck { site, acts } => write!(f, "{} at {site}", acts.join(" or ")),
            Self::Fired { act } => f.write_str(act),
            Self::Hit { scenario, mark } => write!(f, "mark of {scenario}: {mark}"),
            Self::Ran { scenario } => write!(f, "a run of {scenario}"),
        }
    }
}
