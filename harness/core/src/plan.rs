//! The fault plan of one run, as data.
//!
//! A plan exists before its run, or is written down while the run draws it; in both cases the run can be replayed from
//! the plan alone. Plans are read and written as TOML; `version` keeps old files readable.
//!
//! The format has room for more than each engine supports: an engine runs all of a plan or rejects it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::{self, Fault},
    limits::{PLAN_FAULTS_MAX, PLAN_MUTATIONS_MAX, PLAN_PREEMPTIONS_MAX},
    origin::Origin,
    seed::Seed,
};

mod mutation;
mod preemption;
mod wall_time;
mod written;

pub use self::{mutation::Mutation, preemption::Preemption, wall_time::WallTime};

/// The version that this crate writes, and the newest that it reads. Version 1 has no origin, no start, no countdowns,
/// no preemptions and no mutations.
pub const PLAN_VERSION: u32 = 2;

/// The ordered faults of one run, and everything else that a replay needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of the format.
    pub version: u32,
    /// The scenario that the plan belongs to.
    pub scenario: String,
    /// The seed of everything that the plan does not fix: workload, latencies, schedules.
    pub seed: Seed,
    /// Where the plan was found; a replay uses it by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// What first drew the faults; a replay does not change it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "written::known_origin"
    )]
    pub origin: Option<Origin>,
    /// The order in which the ready tasks of a host run.
    #[serde(default, skip_serializing_if = "Order::is_default")]
    pub order: Order,
    /// When the faults are over.
    #[serde(default, skip_serializing_if = "Chaos::is_default")]
    pub chaos: Chaos,
    /// What an error does to the transaction in which it occurs.
    #[serde(default, skip_serializing_if = "SqlErrors::is_default")]
    pub sql_errors: SqlErrors,
    /// The maximum number of steps of each client's workload; by default, as many as the scenario has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_max: Option<u32>,
    /// The wall clock at the start of the run; [`WallTime::START_DEFAULT`] by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<WallTime>,
    /// The faults, in the order in which they were planned.
    #[serde(default, rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Threads that are preempted at planned calls.
    #[serde(default, rename = "preemption", skip_serializing_if = "Vec::is_empty")]
    pub preemptions: Vec<Preemption>,
    /// Changes to what the pipeline itself does.
    #[serde(default, rename = "mutation", skip_serializing_if = "Vec::is_empty")]
    pub mutations: Vec<Mutation>,
}

/// The order in which the ready tasks of a host run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// In the order in which they were woken: the same for every seed.
    Fifo,
    /// A random one of the ready tasks, drawn anew each time.
    #[default]
    Random,
    /// The ready task with the highest priority. Priorities are drawn, and change at a few drawn points.
    Priorities {
        /// How often the running task falls to the lowest priority.
        changes: u32,
    },
}

impl Order {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// When the faults of a run are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Chaos {
    /// When each fault has struck and ended, and the clients are done.
    #[default]
    UntilStruck,
    /// When, besides, all liveness checks hold: a fault that could still strike does not matter.
    UntilCalm,
}

impl Chaos {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a database error does to the transaction in which it occurs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SqlErrors {
    /// Only the statement fails, as in SQLite; a serialization failure and a deadlock abort the transaction.
    #[default]
    FailTheStatement,
    /// Every error aborts the transaction, as in PostgreSQL: its changes are undone, and its statements fail with
    /// SQLSTATE 25P02 until it is rolled back.
    AbortTheTransaction,
}

impl SqlErrors {
    pub(crate) fn is_default(&self) -> bool {
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
    /// The id of the planted defect that was enabled; several are joined by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<String>,
}

/// Why a text is not a plan: the place, and what was expected there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Not TOML, or not of the shape of a plan; the message has line, column and caret.
    #[error("{0}")]
    Shape(String),
    /// A version that this crate does not read.
    #[error(
        "the plan has version {0}, and this build reads versions up to {PLAN_VERSION}; use the release of chaosdrill that wrote it"
    )]
    Version(u32),
    /// An invalid fault.
    #[error("fault {number}: {why}")]
    Fault {
        /// The number of the fault, from 1.
        number: usize,
        /// What is wrong with the fault.
        why: String,
    },
    /// An invalid preemption.
    #[error("preemption {number}: {why}")]
    Preemption {
        /// The number of the preemption, from 1.
        number: usize,
        /// What is wrong with the preemption.
        why: String,
    },
    /// An invalid mutation.
    #[error("mutation {number}: {why}")]
    Mutation {
        /// The number of the mutation, from 1.
        number: usize,
        /// What is wrong with the mutation.
        why: String,
    },
    /// A bound of [`crate::limits`] is exceeded.
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
            origin: None,
            order: Order::default(),
            chaos: Chaos::default(),
            sql_errors: SqlErrors::default(),
            workload_max: None,
            start: None,
            faults: Vec::new(),
            preemptions: Vec::new(),
            mutations: Vec::new(),
        }
    }

    /// Checks every part by itself, and the bounds of the whole plan.
    ///
    /// # Errors
    ///
    /// The number of the first invalid part, and why.
    pub fn validate(&self) -> Result<(), PlanError> {
        let counts = [
            ("faults", self.faults.len(), PLAN_FAULTS_MAX),
            ("preemptions", self.preemptions.len(), PLAN_PREEMPTIONS_MAX),
            ("mutations", self.mutations.len(), PLAN_MUTATIONS_MAX),
        ];
        for (what, count, most) in counts {
            if count > most {
                let message = format!("the plan has {count} {what}; the maximum is {most}");
                return Err(PlanError::TooLarge(message));
            }
        }
        self.each_fault(Fault::validate)?;
        self.each_preemption(Preemption::validate)?;
        first_wrong(&self.mutations, Mutation::validate)
            .map_err(|(number, why)| PlanError::Mutation { number, why })?;
        let twice = "it is in the plan twice".to_owned();
        if let Some(number) = repeated(&self.preemptions) {
            return Err(PlanError::Preemption { number, why: twice });
        }
        match repeated(&self.mutations) {
            Some(number) => Err(PlanError::Mutation { number, why: twice }),
            None => Ok(()),
        }
    }

    /// Checks that every named host exists in the scenario.
    ///
    /// # Errors
    ///
    /// The first part with an unknown host, and the nearest known names.
    pub fn validate_hosts(&self, hosts: &[String]) -> Result<(), PlanError> {
        self.each_fault(|fault| fault.validate_hosts(hosts))?;
        self.each_preemption(|preemption| fault::known_host(&preemption.host, hosts))
    }

    fn each_fault(&self, check: impl Fn(&Fault) -> Result<(), String>) -> Result<(), PlanError> {
        first_wrong(&self.faults, check).map_err(|(number, why)| PlanError::Fault { number, why })
    }

    fn each_preemption(
        &self,
        check: impl Fn(&Preemption) -> Result<(), String>,
    ) -> Result<(), PlanError> {
        first_wrong(&self.preemptions, check)
            .map_err(|(number, why)| PlanError::Preemption { number, why })
    }
}

/// The number, from 1, of the first part that a check rejects, and why.
fn first_wrong<T>(
    parts: &[T],
    check: impl Fn(&T) -> Result<(), String>,
) -> Result<(), (usize, String)> {
    parts
        .iter()
        .enumerate()
        .try_for_each(|(index, part)| check(part).map_err(|why| (index + 1, why)))
}

/// The number, from 1, of the first part that repeats an earlier one.
fn repeated<T: Ord>(parts: &[T]) -> Option<usize> {
    let mut seen = BTreeSet::new();
    parts.iter().position(|part| !seen.insert(part)).map(|index| index + 1)
}

#[cfg(test)]
mod tests;
