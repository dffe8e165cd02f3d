//! Whether the checks find the planted bugs: the proof that checks can fail.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{fault::Fault, record::RunId};

/// How `prove` looks for a defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProofBy {
    /// By running the scenarios of its target.
    Running,
    /// By a static check, over a copy of its source of truth with the mistake in it.
    #[serde(rename = "static-check", alias = "guard")]
    StaticCheck,
    /// Not on this database.
    Postgres,
    /// Not at all: the pipeline has no such part.
    Nowhere,
}

/// The result for one defect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// The target that has it.
    pub target: String,
    /// The id of the defect.
    pub defect: String,
    /// The origin of the defect: `hist`, `guard`, `latent`, `neigh`.
    pub class: String,
    /// A description in one line.
    pub summary: String,
    /// How `prove` looked for it.
    pub by: ProofBy,
    /// Whether a check caught it: one that the catalogue names for it, or any with `--any-check`.
    pub found: bool,
    /// The check that caught it.
    pub check: Option<String>,
    /// The run in which the check caught it.
    pub run: Option<RunId>,
    /// The smallest plan that shows it.
    pub minimal: Option<Vec<Fault>>,
    /// Runs until it was caught, including that one.
    pub runs: u64,
    /// Whether the same plan is valid with the defect disabled; `None` if that is not known.
    pub clean: Option<bool>,
    /// Other checks that were violated.
    pub also: BTreeSet<String>,
    /// Wall-clock time of the runs, in microseconds.
    pub wall_us: u64,
    /// Whether the search was interrupted before it had a result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

impl Proof {
    /// Whether the defect can be found on this database at all.
    pub fn is_asked_for(&self) -> bool {
        matches!(self.by, ProofBy::Running | ProofBy::StaticCheck)
    }
}
