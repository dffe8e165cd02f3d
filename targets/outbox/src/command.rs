//! Commands: what clients send to change accounts.

use serde::{Deserialize, Serialize};

use crate::event::JSON;

/// Maximum length of the id of an account or a command, in bytes.
const ID_BYTES_MAX: usize = 128;

/// A command with an id: sent again under the same id, it is the same command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The id, chosen by the sender.
    pub id: String,
    /// The id of the account.
    pub account: String,
    /// The requested change.
    pub action: Action,
}

/// The change that a command requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Opens the account.
    Open {
        /// The owner.
        owner: String,
    },
    /// Pays in.
    Deposit {
        /// The amount; must be positive.
        amount: i64,
    },
    /// Pays out.
    Withdraw {
        /// The amount; must be positive, and at most the balance.
        amount: i64,
    },
    /// Writes a note.
    Annotate {
        /// The text.
        note: String,
    },
    /// Imports an account's history from another system, unchanged.
    Import {
        /// The events, in order.
        events: Vec<RawEvent>,
    },
}

/// An event as another system, or another release of this one, wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawEvent {
    /// Its type, which this release may not know.
    pub event_type: String,
    /// The encoding of the payload.
    #[serde(default = "json")]
    pub codec: String,
    /// The payload, not decoded.
    pub payload: String,
}

fn json() -> String {
    JSON.to_owned()
}

impl Action {
    /// Whether the action is for an account that does not exist yet.
    pub fn begins_a_stream(&self) -> bool {
        matches!(self, Self::Open { .. } | Self::Import { .. })
    }
}

impl Command {
    /// The first of its ids that is not a valid id, if any.
    pub fn invalid_id(&self) -> Option<&str> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        let is_valid =
            |id: &str| !id.is_empty() && id.len() <= ID_BYTES_MAX && id.chars().all(is_plain);
        [&self.id, &self.account].into_iter().map(String::as_str).find(|id| !is_valid(id))
    }
}
