//! A run as data: what a worker is asked to do, and what it answers.

use std::{path::PathBuf, sync::Arc};

use chaosdrill_core::{HitClass, Plan, Record, RunId};
use serde::{Deserialize, Serialize};

/// What a worker is asked to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Which run.
    pub(crate) run: RunId,
    /// Its faults.
    pub(crate) plan: Plan,
    /// Whether a swarm adds to them while the run goes on.
    #[serde(default)]
    pub(crate) drawn: bool,
    /// Which hits of boundaries the parent wants to hear of.
    #[serde(default)]
    pub(crate) wanted: Wanted,
    /// Where everything of the run is written if it is not valid.
    pub(crate) bundle: Option<PathBuf>,
    /// Whether it is written there also if the run is valid.
    #[serde(default)]
    pub(crate) bundle_always: bool,
    /// Whether the simulator's own check of determinism is made too, where it has one.
    #[serde(default)]
    pub(crate) checked: bool,
    /// Where the trace is written in any case.
    pub(crate) trace: Option<PathBuf>,
}

/// Which hits of boundaries are told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) enum Wanted {
    /// None.
    #[default]
    None,
    /// All of them.
    All,
    /// Those of other classes than these.
    New(Arc<Vec<u64>>),
}

impl Job {
    /// A run of a plan, of which nothing is kept but the record.
    pub(crate) fn new(run: RunId, plan: Plan) -> Self {
        Self {
            run,
            plan,
            drawn: false,
            wanted: Wanted::None,
            bundle: None,
            bundle_always: false,
            checked: false,
            trace: None,
        }
    }
}

/// What a worker did.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The run came to its end.
    Done {
        /// What is written down of it.
        record: Box<Record>,
        /// The hits that were wanted.
        hit_classes: Vec<HitClass>,
        /// Files that could not be written; a failed report never changes a verdict.
        complaints: Vec<String>,
    },
    /// The harness itself failed.
    Broken {
        /// How.
        why: String,
    },
}

/// How one run went.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) record: Record,
    /// The hits that the job wanted to hear of.
    pub(crate) hit_classes: Vec<HitClass>,
}
