//! Errors that a fault can inject as the answer of a step, and which boundaries can return them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::site_kind;

/// The error that a caller gets instead of a step or of its answer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ErrorKind {
    /// The connection is reset.
    #[serde(rename = "reset")]
    Reset,
    /// The connection is refused.
    #[serde(rename = "refused")]
    Refused,
    /// SQLite's `SQLITE_BUSY`: the database is locked.
    #[serde(rename = "busy")]
    Busy,
    /// SQLSTATE 40001, serialization failure.
    #[serde(rename = "40001")]
    Serialization,
    /// SQLSTATE 40P01, deadlock detected.
    #[serde(rename = "40P01")]
    Deadlock,
    /// A constraint is violated.
    #[serde(rename = "constraint")]
    Constraint,
    /// A unique key is violated: SQLite's 2067.
    #[serde(rename = "unique")]
    Unique,
    /// The disk or the quota is full.
    #[serde(rename = "full")]
    Full,
    /// The condition of a conditional put does not hold: a conflict with another writer or, as a lost ack, with the
    /// caller's own first attempt.
    #[serde(rename = "precondition")]
    Precondition,
    /// The first half of an object's bytes is stored and visible, then the put fails, as if a file were written in
    /// place instead of renamed, or parts were never committed. Conditional puts are atomic and never torn.
    #[serde(rename = "torn")]
    Torn,
    /// The error a failpoint injects.
    #[serde(rename = "injected")]
    Injected,
}

impl ErrorKind {
    /// All kinds, in the order of their names in plans.
    pub const ALL: [Self; 11] = [
        Self::Reset,
        Self::Refused,
        Self::Busy,
        Self::Serialization,
        Self::Deadlock,
        Self::Constraint,
        Self::Unique,
        Self::Full,
        Self::Precondition,
        Self::Torn,
        Self::Injected,
    ];

    /// The name in plans.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Serialization => "40001",
            Self::Deadlock => "40P01",
            Self::Constraint => "constraint",
            Self::Unique => "unique",
            Self::Full => "full",
            Self::Precondition => "precondition",
            Self::Torn => "torn",
            Self::Injected => "injected",
        }
    }

    /// Whether the boundary at this site, such as `sql:outbox.claim`, can return this error.
    pub fn fits(self, site: &str) -> bool {
        let kind = site_kind(site);
        match self {
            Self::Reset => matches!(kind, "sql" | "net" | "store"),
            Self::Refused => kind == "net",
            Self::Busy | Self::Serialization | Self::Deadlock | Self::Constraint | Self::Unique => {
                kind == "sql"
            }
            Self::Full => kind == "sql" || WRITES_TO_STORE.contains(&store_verb(site)),
            Self::Precondition => store_verb(site) == "put-if",
            Self::Torn => store_verb(site) == "put",
            Self::Injected => kind == "fp",
        }
    }

    /// Whether this error can replace the answer of a step that has happened.
    pub fn can_hide_success(self) -> bool {
        self != Self::Torn
    }
}

/// The verbs of object storage that use space.
const WRITES_TO_STORE: [&str; 3] = ["put", "put-if", "copy"];

/// The verb of object storage at a site: `put` at `store:put orders/*.json`; empty at other sites.
fn store_verb(site: &str) -> &str {
    let call = site.strip_prefix("store:").unwrap_or_default();
    call.split(' ').next().unwrap_or_default()
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The message for an error that cannot replace the answer of a step that has happened.
pub(super) fn no_lost_answer(kind: ErrorKind) -> String {
    format!("`{kind}` cannot be a lost answer, because the step is only half done; use `error`")
}

/// Checks that a boundary can return an error, or return it in place of its answer.
pub(super) fn validate_answer(
    site: &str,
    kind: ErrorKind,
    is_lost_ack: bool,
) -> Result<(), String> {
    let fits = |kind: &ErrorKind| kind.fits(site) && (!is_lost_ack || kind.can_hide_success());
    if fits(&kind) {
        return Ok(());
    }
    if kind.fits(site) {
        return Err(no_lost_answer(kind));
    }
    let fitting: Vec<_> = ErrorKind::ALL.into_iter().filter(fits).map(ErrorKind::name).collect();
    let (what, name) = match store_verb(site) {
        "" => ("", site_kind(site)),
        verb => ("store:", verb),
    };
    Err(format!(
        "a `{what}{name}` boundary cannot return the error `{kind}`; it can return {}",
        fitting.join(", ")
    ))
}
