//! The report of a command.

use std::collections::BTreeMap;

use chaosdrill_rt::defect;
use serde::{Deserialize, Serialize};

use super::model::ResourceStatus;

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Informational.
    Warning,
    /// Part of the command failed.
    Error,
}

/// One diagnostic of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The severity.
    pub severity: Severity,
    /// A one-word code.
    pub code: String,
    /// The subject: an address, an operation or a path.
    pub about: String,
    /// The message.
    pub message: String,
}

/// What the client should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing: the cluster is as requested.
    Converged,
    /// Retry: the failure may be temporary.
    Retry,
    /// An operator has to act first.
    Blocked,
    /// Retry once the lock is free.
    Locked,
}

/// The report of a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The id that the client chose.
    pub request: String,
    /// The command's own id; each attempt has a new one.
    pub command: String,
    /// What the client should do next.
    pub outcome: Outcome,
    /// Whether the command wrote the ledger; `None` if that is unknown.
    pub state_written: Option<bool>,
    /// The revision of the ledger that the statuses come from.
    pub state_revision: u64,
    /// The stored status of each resource; `None` if the ledger was not read.
    pub statuses: Option<BTreeMap<String, ResourceStatus>>,
    /// The diagnostics.
    pub diagnostics: Vec<Diagnostic>,
    /// The lock that another command held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Held>,
}

/// A lock that another command held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The id of the lock.
    pub lock_id: String,
    /// Its age.
    pub age_ms: i64,
    /// Whether an operator may break it.
    pub may_be_forced: bool,
}

/// Codes of permanent errors, which an operator has to fix.
const FOR_PEOPLE: [&str; 13] = [
    "actual_applied_state_pending",
    "approval_required",
    "cluster_recovery_pending",
    "cluster_recovery_unattributed",
    "graph_create_incomplete",
    "graph_exists_unrecorded",
    "graph_unopenable",
    "lock_unreadable",
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

    /// The outcome that follows from them.
    pub(crate) fn outcome(&self) -> Outcome {
        let mut errors = self.0.iter().filter(|said| said.severity == Severity::Error).peekable();
        if errors.peek().is_none() {
            return Outcome::Converged;
        }
        // A retry is worthwhile as long as any error may be temporary.
        let is_for_people = |said: &Diagnostic| {
            let code = said.code.as_str();
            let is_known = FOR_PEOPLE.contains(&code);
            defect!(
                "G67",
                is_known && !["graph_unopenable", "lock_unreadable"].contains(&code),
                is_known
            )
        };
        if errors.all(is_for_people) { Outcome::Blocked } else { Outcome::Retry }
    }
}
