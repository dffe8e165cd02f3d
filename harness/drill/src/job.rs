//! The messages between a campaign and its workers: a job, and its reply.

use std::{path::PathBuf, sync::Arc};

use chaosdrill_core::{HitClass, Plan, Profile, Record, RunId};
use serde::{Deserialize, Serialize};

/// A run for a worker to execute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// The run.
    pub(crate) run: RunId,
    /// Its faults.
    pub(crate) plan: Plan,
    /// Whether a swarm adds faults during the run.
    #[serde(default)]
    pub(crate) drawn: bool,
    /// The boundary hits that the parent wants.
    #[serde(default)]
    pub(crate) wanted: Wanted,
    /// The folder for all files of the run, if it is not valid.
    pub(crate) bundle: Option<PathBuf>,
    /// Whether the files are written even if the run is valid.
    #[serde(default)]
    pub(crate) bundle_always: bool,
    /// Whether the simulator's own check of determinism runs too, if it has one.
    #[serde(default)]
    pub(crate) checked: bool,
    /// A file for the trace, written in any case.
    pub(crate) trace: Option<PathBuf>,
    /// Whether to measure what the run costs.
    #[serde(default)]
    pub(crate) profile: bool,
}

/// The boundary hits that a reply contains.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) enum Wanted {
    /// None.
    #[default]
    None,
    /// All of them.
    All,
    /// Those of classes that are not in this list.
    New(Arc<Vec<u64>>),
}

impl Job {
    /// A job for a plan, which keeps only the record.
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
            profile: false,
        }
    }
}

/// The reply of a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The run ended.
    Done {
        /// Its record.
        record: Box<Record>,
        /// The wanted hits.
        hit_classes: Vec<HitClass>,
        /// Files that could not be written; a failed report never changes a verdict.
        complaints: Vec<String>,
        /// What the run cost, if the job asked for it.
        profile: Option<Profile>,
    },
    /// The harness itself failed.
    Broken {
        /// The reason.
        why: String,
    },
}

/// The result of one run.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) record: Record,
    /// The hits that the job wanted.
    pub(crate) hit_classes: Vec<HitClass>,
}
