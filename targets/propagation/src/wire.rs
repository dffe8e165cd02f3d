//! What travels between the programs, as JSON.

use serde::{Deserialize, Serialize};

/// A team with its resources, as it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    /// Its name.
    pub team: String,
    /// Its tier.
    pub tier: String,
    /// What it has.
    pub resources: Vec<NewResource>,
}

/// A resource of a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewResource {
    /// Its name.
    pub token: String,
    /// What it is, such as `postgres`.
    #[serde(rename = "type")]
    pub resource_type: String,
}

/// An upgrade, with a name of its own: sent again under the same id it is the same upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// Given by the sender.
    pub id: String,
    /// Whose.
    pub team: String,
    /// To which tier.
    pub tier: String,
    /// How it is to be carried out; a later release may know more ways than this one.
    #[serde(default = "plain_upgrade")]
    pub kind: String,
}

fn plain_upgrade() -> String {
    crate::kinds::TIER_ELEVATION.to_owned()
}

/// An operator's wish to try a failed propagation again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requeue {
    /// Given by the operator.
    pub id: String,
    /// Which propagation.
    pub propagation: String,
}

/// What is asked of the provisioner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regrade {
    /// Under which propagation: the same one has the same effect, however often it is asked for.
    pub propagation: String,
    /// Which resource.
    pub token: String,
    /// Its name at the provider.
    pub provider_resource_id: String,
    /// What it is.
    pub resource_type: String,
    /// To which tier.
    pub tier: String,
    /// Of two changes the one with the larger number is the newer.
    pub generation: i64,
}

/// What the provisioner answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regraded {
    /// Whether the resource is as it was asked for, because of this propagation.
    pub applied: bool,
    /// Why not.
    #[serde(default)]
    pub skip_reason: String,
    /// How many connections the resource allows now, where that is known.
    #[serde(default)]
    pub conn_limit: Option<i64>,
}
