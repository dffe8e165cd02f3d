//! Whether the planted bugs are found: the proof that checks can fail.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{fault::Fault, record::RunId};

/// How a defect is looked for.
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

/// What became of one defect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// The target that carries it.
    pub target: String,
    /// Its id.
    pub defect: String,
    /// Where it comes from: `hist`, `guard`, `latent`, `neigh`.
    pub class: String,
    /// What it is, in one line.
    pub summary: String,
    /// How it was looked for.
    pub by: ProofBy,
    /// Whether a check of the catalogue's caught it.
    pub found: bool,
    /// The check that did.
    pub check: Option<String>,
    /// The run in which it did.
    pub run: Option<RunId>,
    /// The smallest plan that shows it.
    pub minimal: Option<Vec<Fault>>,
    /// Runs until then, that one included.
    pub runs: u64,
    /// Whether the same plan is valid with the defect off; nothing where that cannot be said.
    pub clean: Option<bool>,
    /// Checks that were violated besides.
    pub also: BTreeSet<String>,
    /// Wall-clock time of the runs, in microseconds.
    pub wall_us: u64,
    /// Whether the search was broken off before it was settled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

impl Proof {
    /// Whether it can be found here at all.
    pub fn is_asked_for(&self) -> bool {
        matches!(self.by, ProofBy::Running | ProofBy::StaticCheck)
    }
}
