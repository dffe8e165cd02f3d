//! What a command says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::ResourceStatus;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Warning,
    /// The command did not do all it was asked for.
    Error,
}

/// One thing that a command has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// What it is, in one word.
    pub code: String,
    /// About what: an address, an operation or a path.
    pub about: String,
    /// In words.
    pub message: String,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing: everything is as it was asked for.
    Converged,
    /// Ask again: what went wrong may pass.
    Retry,
    /// Somebody has to do something first.
    Blocked,
    /// Ask again once the lock is free.
    Locked,
}

/// What a command says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The id its client gave it.
    pub request: String,
    /// Its own id: each try has another.
    pub command: String,
    /// What is to be done next.
    pub outcome: Outcome,
    /// Whether it wrote the ledger; nothing where that is not known.
    pub state_written: Option<bool>,
    /// The revision of the ledger that the statuses are of.
    pub state_revision: u64,
    /// How each resource stands, as it is stored; nothing where the ledger was not read.
    pub statuses: Option<BTreeMap<String, ResourceStatus>>,
    /// What it has to say.
    pub diagnostics: Vec<Diagnostic>,
    /// The lock that was in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Held>,
}

/// A lock that was in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its id.
    pub lock_id: String,
    /// How old it is.
    pub age_ms: i64,
    /// Whether an operator may take it away.
    pub may_be_forced: bool,
}

/// Errors that do not pass by themselves.
const FOR_PEOPLE: [&str; 11] = [
    "actual_applied_state_pending",
    "approval_required",
    "cluster_recovery_pending",
    "cluster_recovery_unattributed",
    "graph_create_incomplete",
    "graph_exists_unrecorded",
    "recovery_sidecar_unreadable",
    "resource_not_found",
    "schema_rejected",
    "state_missing",
    "state_unreadable",
];

/// The diagnostics of one command.
#[derive(Debug, Default)]
pub struct Diagnostics(pub(crate) Vec<Diagnostic>);

impl Diagnostics {
    pub(crate) fn warn(&mut self, code: &str, about: &str, message: impl Into<String>) {
        self.add(Severity::Warning, code, about, message.into());
    }

    pub(crate) fn error(&mut self, code: &str, about: &str, message: impl Into<String>) {
        self.add(Severity::Error, code, about, message.into());
    }

    fn add(&mut self, severity: Severity, code: &str, about: &str, message: String) {
        let (code, about) = (code.to_owned(), about.to_owned());
        self.0.push(Diagnostic { severity, code, about, message });
    }

    /// What follows from them.
    pub(crate) fn outcome(&self) -> Outcome {
        let mut errors = self.0.iter().filter(|said| said.severity == Severity::Error).peekable();
        if errors.peek().is_none() {
            return Outcome::Converged;
        }
        // As long as anything may pass, it is worth another try.
        let is_for_people = |said: &Diagnostic| FOR_PEOPLE.contains(&said.code.as_str());
        if errors.all(is_for_people) { Outcome::Blocked } else { Outcome::Retry }
    }
}
