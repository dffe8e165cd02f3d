//! What travels: requests of customers, and what is asked of the backend.

use serde::{Deserialize, Serialize};

/// Longest text that a customer may send, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// A wish for a resource, with a name of its own: sent again under the same id it is the same wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Given by the sender.
    pub request_id: String,
    /// Who pays.
    pub team: String,
    /// How large.
    #[serde(default)]
    pub tier: String,
    /// Where it belongs, such as `production`.
    #[serde(default)]
    pub env: String,
    /// What the sender wants to find in the audit.
    #[serde(default)]
    pub log_prefix: String,
    /// How long it is wanted, in milliseconds; for ever where it is not said.
    #[serde(default)]
    pub ttl_ms: Option<i64>,
}

impl Ask {
    /// Whether it can be worked on at all. Any bytes are fine, as long as there are some, and not too many.
    pub(crate) fn is_sane(&self) -> bool {
        let texts = [&self.request_id, &self.team, &self.tier, &self.env, &self.log_prefix];
        let named = !self.request_id.is_empty() && !self.team.is_empty();
        named && texts.into_iter().all(|text| text.len() <= TEXT_BYTES_MAX)
    }
}

/// Which resource: that of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The request that made it.
    pub request_id: String,
}

/// Holds a resource: it stays, and is not charged any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The request that made it.
    pub request_id: String,
    /// `paused` or `suspended`.
    pub hold: String,
}

/// Asks the backend for an object, or to take it down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) token: String,
    pub(crate) resource_type: String,
}

/// Asks the backend whether something answers there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) url: String,
    pub(crate) resource_type: String,
}

/// The backend's answer to a wish for an object. A soft refusal is an answer too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) ok: bool,
    #[serde(default)]
    pub(crate) object: Option<Object>,
}

/// An object of the backend.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) provider_resource_id: Option<String>,
    pub(crate) key_prefix: Option<String>,
    pub(crate) url: String,
}

/// The backend's answer to a probe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Probed {
    pub(crate) reachable: bool,
    #[serde(default)]
    pub(crate) provider_resource_id: Option<String>,
}

/// An object in the backend's list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) token: String,
    pub(crate) resource_type: String,
    pub(crate) created_at: i64,
}
