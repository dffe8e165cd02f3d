//! The JSON messages between the programs.

use serde::{Deserialize, Serialize};

/// A new team with its resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    /// Its name.
    pub team: String,
    /// Its tier.
    pub tier: String,
    /// Its resources.
    pub resources: Vec<NewResource>,
}

/// A resource of a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewResource {
    /// Its name.
    pub token: String,
    /// Its type, such as `postgres`.
    #[serde(rename = "type")]
    pub resource_type: String,
}

/// An upgrade with an id: sent again under the same id, it is the same upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// The id, chosen by the sender.
    pub id: String,
    /// The name of the team.
    pub team: String,
    /// The new tier.
    pub tier: String,
    /// The kind of its propagation; a later release may know more kinds than this one.
    #[serde(default = "plain_upgrade")]
    pub kind: String,
}

fn plain_upgrade() -> String {
    crate::release::TIER_ELEVATION.to_owned()
}

/// An operator's request to retry a failed propagation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requeue {
    /// The id, chosen by the operator.
    pub id: String,
    /// The id of the propagation.
    pub propagation: String,
}

/// A request to the provisioner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regrade {
    /// The id of the propagation: a repeated request has the same effect.
    pub propagation: String,
    /// The name of the resource.
    pub token: String,
    /// Its name at the provider.
    pub provider_resource_id: String,
    /// The type of the resource.
    pub resource_type: String,
    /// The new tier.
    pub tier: String,
    /// Of two changes, the one with the larger number is newer.
    pub generation: i64,
}

/// The provisioner's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regraded {
    /// Whether the resource is as requested because of this propagation.
    pub applied: bool,
    /// The reason if not.
    #[serde(default)]
    pub skip_reason: String,
    /// The connection limit of the resource, if it is known.
    #[serde(default)]
    pub conn_limit: Option<i64>,
}
