//! What a whole campaign must have done: each crash window of a pipeline, each kind of trouble.
//!
//! A site where a fault struck says little to somebody who thinks in windows ("published, and not settled yet").
//! A goal gives such a thing a name, and says which faults, marks or scenarios stand for it. One that no run
//! came to is told like a `sometimes` mark without a hit.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::{At, site_kind},
    record::Record,
};

/// Something that a whole campaign must have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageGoal {
    /// Which list it belongs to: a target with its crash windows, or a list of all targets.
    pub list: String,
    /// Its name in that list: `W1`.
    pub name: String,
    /// What it is, in words.
    pub what: String,
    /// What the names of the scenarios that count begin with; nothing where all do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// What stands for it; one of them is enough.
    pub ways: Vec<Way>,
}

/// One way to have done it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A fault struck at a site.
    Struck {
        /// The site; `sql:` stands for all sites of that kind.
        site: String,
        /// The acts that count; all of them where none is named.
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
        /// Its mark.
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
    /// Which list it belongs to.
    pub list: String,
    /// Its name in that list.
    pub name: String,
    /// What it is, in words.
    pub what: String,
    /// How often in each way.
    pub ways: Vec<WaySummary>,
}

/// How often something was done in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaySummary {
    /// The way.
    pub way: Way,
    /// How often.
    pub hits: u64,
}

impl CoverageGoal {
    /// A goal that nothing stands for yet.
    pub fn new(name: &str, what: &str) -> Self {
        let (name, what) = (name.to_owned(), what.to_owned());
        Self { list: String::new(), name, what, scope: String::new(), ways: Vec::new() }
    }

    /// One of these acts struck at the site; any act, where none is named.
    #[must_use]
    pub fn struck(mut self, site: &str, acts: &[&str]) -> Self {
        let acts = acts.iter().map(|act| (*act).to_owned()).collect();
        self.ways.push(Way::Struck { site: site.to_owned(), acts });
        self
    }

    /// A fault of this family struck anywhere.
    #[must_use]
    pub fn fired(mut self, act: &str) -> Self {
        self.ways.push(Way::Fired { act: act.to_owned() });
        self
    }

    /// The mark of that scenario was hit.
    #[must_use]
    pub fn hit(mut self, scenario: &str, mark: &str) -> Self {
        self.ways.push(Way::Hit { scenario: scenario.to_owned(), mark: mark.to_owned() });
        self
    }

    /// That scenario ran.
    #[must_use]
    pub fn ran(mut self, scenario: &str) -> Self {
        self.ways.push(Way::Ran { scenario: scenario.to_owned() });
        self
    }

    /// How often the runs did it.
    pub fn of(&self, records: &[Record]) -> CoverageGoalSummary {
        let counted: Vec<&Record> =
            records.iter().filter(|record| record.run.scenario.starts_with(&self.scope)).collect();
        let of = |way: &Way| WaySummary {
            way: way.clone(),
            hits: counted.iter().map(|record| way.hits(record)).sum(),
        };
        let ways = self.ways.iter().map(of).collect();
        let (list, name, what) = (self.list.clone(), self.name.clone(), self.what.clone());
        CoverageGoalSummary { list, name, what, ways }
    }
}

impl CoverageGoalSummary {
    /// Its list, its name and what it is.
    pub fn title(&self) -> String {
        format!("{} {}: {}", self.list, self.name, self.what)
    }

    /// How often it was done, in all ways together.
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
