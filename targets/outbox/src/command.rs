//! What is asked of an account.

use serde::{Deserialize, Serialize};

use crate::event::JSON;

/// Longest id of an account or a command, in bytes.
const ID_BYTES_MAX: usize = 128;

/// A wish, with a name of its own: sent again under the same id it is the same wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Given by the sender.
    pub id: String,
    /// Which account.
    pub account: String,
    /// What.
    pub action: Action,
}

/// What is wished for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Opens the account.
    Open {
        /// Whose it is.
        owner: String,
    },
    /// Pays in.
    Deposit {
        /// How much; more than nothing.
        amount: i64,
    },
    /// Pays out.
    Withdraw {
        /// How much; more than nothing, and no more than there is.
        amount: i64,
    },
    /// Writes a note.
    Annotate {
        /// What it says.
        note: String,
    },
    /// Takes over the history of an account from another system, word for word.
    Import {
        /// The events, in order.
        events: Vec<RawEvent>,
    },
}

/// An event as another system, or another release of this one, wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawEvent {
    /// Its name, known here or not.
    pub event_type: String,
    /// How the payload is written.
    #[serde(default = "json")]
    pub codec: String,
    /// The payload, unread.
    pub payload: String,
}

fn json() -> String {
    JSON.to_owned()
}

impl Action {
    /// Whether it is for an account that does not exist yet.
    pub fn begins_a_stream(&self) -> bool {
        matches!(self, Self::Open { .. } | Self::Import { .. })
    }
}

impl Command {
    /// The first of its ids that cannot name anything, if there is one.
    pub fn invalid_id(&self) -> Option<&str> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        let is_valid =
            |id: &str| !id.is_empty() && id.len() <= ID_BYTES_MAX && id.chars().all(is_plain);
        [&self.id, &self.account].into_iter().map(String::as_str).find(|id| !is_valid(id))
    }
}
