//! The fault plan of one run, as data.
//!
//! A plan exists before its run, or is written down while the run draws it; either way the run can be replayed
//! from the plan alone. TOML is its written form, in both directions; `version` keeps old files readable.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::Fault,
    limits::{PLAN_BYTES_MAX, PLAN_FAULTS_MAX},
    seed::Seed,
};

/// The version this crate writes, and the newest it reads.
pub const PLAN_VERSION: u32 = 1;

/// The ordered faults of one run, and what else a replay needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of the format.
    pub version: u32,
    /// Which scenario the plan belongs to.
    pub scenario: String,
    /// The seed of everything the plan does not fix: workload, latencies, schedules.
    pub seed: Seed,
    /// Where the plan showed what it shows; a replay goes there unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// In which order the ready tasks of a host run.
    #[serde(default, skip_serializing_if = "Order::is_default")]
    pub order: Order,
    /// When the faults are over.
    #[serde(default, skip_serializing_if = "Chaos::is_default")]
    pub chaos: Chaos,
    /// The most steps that each client's workload takes; as many as the scenario wants where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_max: Option<u32>,
    /// The faults, in the order in which they were planned.
    #[serde(default, rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// In which order the ready tasks of a host run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// In the order in which they were woken: the same for every seed.
    Fifo,
    /// One of those that are ready, drawn anew each time.
    #[default]
    Random,
    /// The one with the highest of drawn priorities, which change at a few drawn points.
    Priorities {
        /// How often the running task falls to the lowest priority.
        changes: u32,
    },
}

impl Order {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// When the faults of a run are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Chaos {
    /// When each has struck and ended, and the clients are done.
    #[default]
    UntilStruck,
    /// When besides all is as it should be: whether another would have struck does not matter.
    UntilCalm,
}

impl Chaos {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a plan was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// `turmoil` or `madsim`.
    pub simulator: String,
    /// `sqlite` or `postgres`.
    pub db: String,
    /// The planted defect that was switched on, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<String>,
}

/// Why a text is no plan; says where and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Not TOML, or not of the shape of a plan; the message has line, column and caret.
    #[error("{0}")]
    Shape(String),
    /// A version this crate does not read.
    #[error(
        "plan version {0} is newer than {PLAN_VERSION}, the newest this build reads; use the chaosdrill that wrote it"
    )]
    Version(u32),
    /// One fault does not make sense.
    #[error("fault {number}: {why}")]
    Fault {
        /// Counted from 1, as a reader counts.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
    /// Over a bound of [`crate::limits`].
    #[error("{0}")]
    TooLarge(String),
}

impl Plan {
    /// An empty plan for one seed.
    pub fn new(scenario: impl Into<String>, seed: Seed) -> Self {
        Self {
            version: PLAN_VERSION,
            scenario: scenario.into(),
            seed,
            found: None,
            order: Order::default(),
            chaos: Chaos::default(),
            workload_max: None,
            faults: Vec::new(),
        }
    }

    /// Reads a plan and checks all that can be checked without its scenario.
    ///
    /// # Errors
    ///
    /// [`PlanError`], with line and column where the text is at fault.
    pub fn from_toml(text: &str) -> Result<Self, PlanError> {
        if text.len() > PLAN_BYTES_MAX {
            return Err(PlanError::TooLarge(format!(
                "the plan has {} bytes; at most {PLAN_BYTES_MAX} are read",
                text.len()
            )));
        }
        // The version is read first: what a newer one means by its keys is not ours to judge.
        #[derive(Deserialize)]
        struct Version {
            version: Option<u32>,
        }
        if let Ok(Version { version: Some(version) }) = toml::from_str(text)
            && version > PLAN_VERSION
        {
            return Err(PlanError::Version(version));
        }
        let plan: Self = toml::from_str(text)
            .map_err(|why| PlanError::Shape(why.to_string().trim_end().to_owned()))?;
        if plan.version == 0 {
            return Err(PlanError::Shape("`version` counts from 1".to_owned()));
        }
        plan.validate()?;
        Ok(plan)
    }

    /// The written form; [`Plan::from_toml`] gives it back.
    pub fn to_toml(&self) -> String {
        // A hand-shaped document: inline tables keep one fault on three lines, as in the documentation.
        let mut text = format!(
            "version = {}\nscenario = {}\nseed = \"{}\"\n",
            self.version,
            toml::Value::from(self.scenario.as_str()),
            self.seed
        );
        if let Some(found) = &self.found {
            text.push_str(&format!("found = {}\n", inline(found)));
        }
        if !self.order.is_default() {
            text.push_str(&format!("order = {}\n", inline(&self.order)));
        }
        if !self.chaos.is_default() {
            text.push_str(&format!("chaos = {}\n", inline(&self.chaos)));
        }
        if let Some(most) = self.workload_max {
            text.push_str(&format!("workload_max = {most}\n"));
        }
        for fault in &self.faults {
            text.push_str(&format!(
                "\n[[fault]]\nat = {}\ndo = {}\n",
                inline(&fault.at),
                inline(&fault.act)
            ));
            if !fault.required {
                text.push_str("required = false\n");
            }
        }
        text
    }

    /// Checks every fault taken alone.
    ///
    /// # Errors
    ///
    /// The first fault that makes no sense, by its number.
    pub fn validate(&self) -> Result<(), PlanError> {
        if self.faults.len() > PLAN_FAULTS_MAX {
            let message = format!(
                "the plan has {} faults; at most {PLAN_FAULTS_MAX} are run",
                self.faults.len()
            );
            return Err(PlanError::TooLarge(message));
        }
        self.each_fault(Fault::validate)
    }

    /// Checks that every host named exists in the scenario.
    ///
    /// # Errors
    ///
    /// The first fault with an unknown host, and the nearest known names.
    pub fn validate_hosts(&self, hosts: &[String]) -> Result<(), PlanError> {
        self.each_fault(|fault| fault.validate_hosts(hosts))
    }

    fn each_fault(&self, check: impl Fn(&Fault) -> Result<(), String>) -> Result<(), PlanError> {
        for (index, fault) in self.faults.iter().enumerate() {
            check(fault).map_err(|why| PlanError::Fault { number: index + 1, why })?;
        }
        Ok(())
    }
}

/// One value as a TOML inline table.
fn inline(value: &impl Serialize) -> String {
    let value = toml::Value::try_from(value).expect("a plan's parts are plain data");
    let toml::Value::Table(table) = value else { return value.to_string() };
    let written = |value: &toml::Value| match value {
        toml::Value::Table(_) => inline(value),
        plain => plain.to_string(),
    };
    let part = |(key, value): (&String, &toml::Value)| format!("{key} = {}", written(value));
    let parts: Vec<String> = table.iter().map(part).collect();
    format!("{{ {} }}", parts.join(", "))
}

#[cfg(test)]
mod tests;
