//! The wire format: requests of customers, and calls to the backend.

use chaosdrill_rt::defect;
use serde::{Deserialize, Serialize};

/// Longest text in a customer's request, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// Longest life of a resource that nobody pays, in milliseconds: a day.
const ANONYMOUS_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// A request for a resource. A request with a known id is the same request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The id, chosen by the client.
    pub request_id: String,
    /// The team that pays; empty for a customer without an account.
    #[serde(default)]
    pub team: String,
    /// The size.
    #[serde(default)]
    pub tier: String,
    /// The environment, such as `production`.
    #[serde(default)]
    pub env: String,
    /// A text of the client's for the audit.
    #[serde(default)]
    pub log_prefix: String,
    /// How long the resource is needed, in milliseconds; for ever if it is absent.
    #[serde(default)]
    pub ttl_ms: Option<i64>,
}

impl Ask {
    /// Whether the request has an id, and no text is too long. Any bytes are valid.
    pub(crate) fn is_sane(&self) -> bool {
        let texts = [&self.request_id, &self.team, &self.tier, &self.env, &self.log_prefix];
        !self.request_id.is_empty() && texts.into_iter().all(|text| text.len() <= TEXT_BYTES_MAX)
    }

    /// The request of a customer without an account: nobody pays, so the resource is small and ends within a day.
    pub(crate) fn anonymous(self) -> Self {
        let ttl_ms = self.ttl_ms.unwrap_or(ANONYMOUS_MS_MAX).min(ANONYMOUS_MS_MAX);
        let ttl_ms = defect!("R41", self.ttl_ms, Some(ttl_ms));
        Self { team: String::new(), tier: "anonymous".to_owned(), ttl_ms, ..self }
    }
}

/// A request for a resource like another one of its team, in another environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twin {
    /// The id, chosen by the client.
    pub request_id: String,
    /// The request that created the original.
    pub original: String,
    /// The environment of the twin.
    pub env: String,
}

/// Names the resource of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The request that created it.
    pub request_id: String,
}

/// Holds a resource: it is kept, and no longer charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The request that created it.
    pub request_id: String,
    /// `paused` or `suspended`.
    pub hold: String,
}

/// Asks the backend to create an object, or to delete it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) token: String,
    pub(crate) resource_type: String,
}

/// Asks the backend whether an object answers at a URL.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) url: String,
    pub(crate) resource_type: String,
}

/// The backend's answer to a creation, which may be a soft refusal.
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
