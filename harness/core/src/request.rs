//! Everything that code inside a host may ask of its simulation, and the answers: one closed list, as plain data.
//!
//! In process, an engine answers a request with a function call. An engine whose hosts are other processes sends the
//! same data over a channel.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ErrorKind, EventKind, Seed, fault::Restart};

pub mod sql;
pub mod store;

/// A request of a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request<'a> {
    /// A question, which is answered in no virtual time.
    Question(Question<'a>),
    /// A step that touches the outside of the host. It takes virtual time, and faults may strike it.
    Step(Step<'a>),
}

/// A question, which is answered in no virtual time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question<'a> {
    /// Record an event. Answered with [`Answer::Number`], the event's number.
    Record {
        /// The kind.
        kind: EventKind,
        /// The name.
        name: Cow<'a, str>,
        /// The data.
        data: Value,
    },
    /// Draw 64 random bits of the host. Answered with [`Answer::Number`].
    Draw,
    /// The host's wall clock. Answered with [`Answer::UnixMs`].
    Clock,
    /// Whether a planted bug is enabled. Answered with [`Answer::Flag`].
    IsDefectOn {
        /// The id.
        id: Cow<'a, str>,
    },
    /// The maximum number of steps of a workload, if the plan caps it. Answered with [`Answer::Steps`].
    WorkloadMax,
    /// The seed, from which a workload derives streams by label. Answered with [`Answer::Seed`].
    Seed,
    /// Whether a machine of the run serves this store. Answered with [`Answer::Store`].
    OpenStore {
        /// The URL of the store.
        url: Cow<'a, str>,
    },
    /// Whether a connection to a database is open. Answered with [`Answer::Flag`].
    IsOpen(sql::ConnectionId),
    /// Take back a connection that its user no longer needs. It is closed if a transaction is open on it. Answered with
    /// [`Answer::Flag`]: whether the connection may be used again.
    Release(sql::ConnectionId),
    /// Close a connection; an open transaction is rolled back. Answered with [`Answer::Done`].
    Close(sql::ConnectionId),
}

/// A step that touches the outside of the host: a boundary, where faults may strike. A step of a host that crashes is
/// never answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step<'a> {
    /// Begin a step that the host takes itself, such as a failpoint. Answered with [`Answer::Decision`].
    Pass {
        /// The site.
        site: Cow<'a, str>,
    },
    /// End a step that the host took itself. Answered with [`Answer::Done`].
    End {
        /// The site.
        site: Cow<'a, str>,
        /// The decision with which the step began.
        decision: Decision,
    },
    /// Take a step at a database.
    Sql(sql::Call),
    /// Take a step at an object store.
    Store(store::Call),
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The request was carried out; there is nothing to say.
    Done,
    /// A number.
    Number(u64),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    UnixMs(i64),
    /// Yes or no.
    Flag(bool),
    /// A maximum number of steps; `None` if there is none.
    Steps(Option<u32>),
    /// A seed.
    Seed(Seed),
    /// How a step goes on.
    Decision(Decision),
    /// The answer of a database.
    Sql(Result<sql::Answer, sql::Error>),
    /// The answer of an object store.
    Store(Result<store::Answer, store::Error>),
}

/// How a step goes on after faults struck it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Continue.
    Go,
    /// Skip the step and return this error.
    Fail(ErrorKind),
    /// Take the step, but return this error.
    LoseAck(ErrorKind),
    /// Take the step, then crash.
    CrashAfter(Restart),
}

/// How a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Broken {
    /// It was reset.
    #[error("connection reset by peer")]
    Reset,
    /// It was refused.
    #[error("connection refused")]
    Refused,
}

#[cfg(test)]
mod tests;
