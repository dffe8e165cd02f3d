//! The stored and requested data, as plain types with their serialized form.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_rt::defect;
use serde::{Deserialize, Serialize};

use crate::digest::digest;

/// The version of the ledger that this release writes.
pub const STATE_VERSION: u32 = 1;
/// The newest version of sidecars that this release understands.
pub const SIDECAR_VERSION: u32 = 1;

/// The digest of a value's serialized form.
pub fn digest_of(value: &impl Serialize) -> String {
    digest(&serde_json::to_vec(value).unwrap_or_default())
}

/// The ledger: the recorded content of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The version of the format.
    pub version: u32,
    /// The number of writes so far.
    pub state_revision: u64,
    /// The command that wrote it, so that no two writes have the same bytes.
    pub written_by: String,
    /// The applied resources.
    pub applied_revision: AppliedRevision,
    /// The status of each resource, by address.
    pub resource_statuses: BTreeMap<String, ResourceStatus>,
    /// The consumed approvals, by id.
    pub approval_records: BTreeMap<String, ApprovalRecord>,
    /// The operations that recovery rolled forward, in order.
    pub recovery_records: Vec<RecoveryRecord>,
    /// Observations about removed resources, in order.
    pub observations: Vec<Observation>,
}

/// The applied resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedRevision {
    /// The digest of the configuration that was applied last, including all that it names.
    pub config_digest: String,
    /// `graph.ID`, `schema.ID`, `query.ID.NAME`.
    pub resources: BTreeMap<String, Resource>,
}

/// One resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The digest of its content; for a graph, of its schema and queries.
    pub digest: String,
    /// The address of the resource that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies_to: Option<String>,
    /// The embedding provider, for graphs with semantic search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_provider: Option<String>,
    /// The embedding profile. Ledgers of older releases lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_profile: Option<String>,
}

/// The status of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is as configured.
    Applied,
    /// The live resource differs from the ledger.
    Drifted,
    /// An operator has to act first.
    Blocked,
    /// It has failed.
    Error,
}

/// The status of a resource, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceStatus {
    /// The status.
    pub status: Status,
    /// The reason as a one-word code; `None` if all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// The record of a consumed approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRecord {
    /// The resource that it was for.
    pub resource: String,
    /// The time, in milliseconds since 1970.
    pub consumed_at: i64,
    /// The operation that consumed it.
    pub consumed_by_operation: String,
}

/// One operation that recovery rolled forward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryRecord {
    /// The id of the operation.
    pub operation_id: String,
    /// The kind of the operation.
    pub kind: Kind,
    /// The graph.
    pub graph_id: String,
    /// `rolled_forward`.
    pub outcome: String,
    /// The time, in milliseconds since 1970.
    pub recovered_at: i64,
    /// The actor of the operation.
    pub actor: String,
}

/// An observation about a removed resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// `tombstone`.
    pub kind: String,
    /// The graph.
    pub graph_id: String,
    /// The time of the removal, in milliseconds since 1970.
    pub deleted_at: i64,
    /// The approval.
    pub approval_id: Option<String>,
    /// The actor that removed it.
    pub actor: String,
}

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Creates a graph.
    GraphCreate,
    /// Changes the schema of a graph.
    SchemaApply,
    /// Removes a graph.
    GraphDelete,
}

/// The intent of one operation, written before anything moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// The version of the format.
    pub schema_version: u32,
    /// The id, a ULID, which is also the name of its file.
    pub operation_id: String,
    /// The start time, in milliseconds since 1970.
    pub started_at: i64,
    /// The actor.
    pub actor: String,
    /// The kind.
    pub kind: Kind,
    /// The graph.
    pub graph_id: String,
    /// The root of the graph.
    pub graph_uri: String,
    /// The version of the graph's manifest before.
    pub observed_manifest_version: Option<u64>,
    /// The version after; `None` until the engine has returned.
    pub expected_manifest_version: Option<u64>,
    /// The digest of the schema after; empty for a removal.
    pub desired_schema_digest: String,
    /// The ledger on which the operation was planned, for investigation.
    pub state_cas_base: String,
    /// The approval.
    pub approval_id: Option<String>,
}

/// An operator's approval to remove one graph, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The id, a ULID, which is also the name of its file.
    pub approval_id: String,
    /// The resource that it is for, such as `graph.people`.
    pub resource: String,
    /// `delete`.
    pub operation: String,
    /// The reason.
    pub reason: String,
    /// The digest of the configuration that was reviewed.
    pub bound_config_digest: String,
    /// The digest of the resource before.
    pub bound_before_digest: String,
    /// The digest of the resource after; empty for a removal.
    pub bound_after_digest: String,
    /// The approver.
    pub approved_by: String,
    /// The time it was given, in milliseconds since 1970.
    pub created_at: i64,
    /// The time it was consumed, in milliseconds since 1970.
    pub consumed_at: Option<i64>,
    /// The operation that consumed it.
    pub consumed_by_operation: Option<String>,
}

/// The desired configuration of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The graphs, by id.
    pub graphs: BTreeMap<String, GraphConfig>,
}

/// The configuration of one graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphConfig {
    /// The path of the object with the schema source.
    pub schema: String,
    /// The text of its queries, by name.
    #[serde(default)]
    pub queries: BTreeMap<String, String>,
    /// The settings for semantic search, if it is enabled.
    #[serde(default)]
    pub embedding: Option<Embedding>,
}

/// The settings for semantic search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    /// The embedding provider.
    pub provider: String,
    /// The embedding profile.
    pub profile: String,
}

impl State {
    /// The ledger of an empty cluster.
    pub fn empty() -> Self {
        Self {
            version: STATE_VERSION,
            state_revision: 0,
            written_by: String::new(),
            applied_revision: AppliedRevision::default(),
            resource_statuses: BTreeMap::new(),
            approval_records: BTreeMap::new(),
            recovery_records: Vec::new(),
            observations: Vec::new(),
        }
    }

    /// The recorded digest of a resource.
    pub fn digest_at(&self, address: &str) -> Option<&str> {
        self.applied_revision.resources.get(address).map(|resource| resource.digest.as_str())
    }

    /// The ids of all graphs.
    pub fn graphs(&self) -> BTreeSet<String> {
        let ids = self.applied_revision.resources.keys();
        ids.filter_map(|address| address.strip_prefix("schema.")).map(str::to_owned).collect()
    }

    /// The queries of a graph: address, name, digest.
    pub fn queries<'a>(
        &'a self,
        graph: &str,
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> + use<'a> {
        let prefix = format!("query.{graph}.");
        self.applied_revision.resources.iter().filter_map(move |(address, resource)| {
            let name = address.strip_prefix(&prefix)?;
            Some((address.as_str(), name, resource.digest.as_str()))
        })
    }

    /// Records the schema of a graph, and updates what derives from it.
    pub fn record_schema(&mut self, graph: &str, schema_digest: &str) {
        let schema = Resource {
            digest: schema_digest.to_owned(),
            applies_to: Some(graph_address(graph)),
            ..Resource::default()
        };
        self.applied_revision.resources.insert(schema_address(graph), schema);
        self.derive_graph(graph);
        for address in [graph_address(graph), schema_address(graph)] {
            self.set_status(&address, Status::Applied, None);
        }
    }

    /// Updates the digest of a graph from those of its parts.
    pub fn derive_graph(&mut self, graph: &str) {
        let parts: BTreeMap<&str, &str> =
            self.queries(graph).map(|(address, _, digest)| (address, digest)).collect();
        let digest =
            graph_digest(self.digest_at(&schema_address(graph)).unwrap_or_default(), &parts);
        self.applied_revision.resources.entry(graph_address(graph)).or_default().digest = digest;
    }

    /// Removes a graph and all its resources.
    pub fn forget_graph(&mut self, graph: &str) {
        let prefix = format!("query.{graph}.");
        let (own_graph, own_schema) = (graph_address(graph), schema_address(graph));
        let stays = |address: &str| {
            address != own_graph && address != own_schema && !address.starts_with(&prefix)
        };
        self.applied_revision.resources.retain(|address, _| stays(address));
        self.resource_statuses.retain(|address, _| stays(address));
    }

    /// Removes the graph of a finished deletion, and adds a tombstone to the observations.
    pub fn record_deletion(&mut self, sidecar: &Sidecar, deleted_at: i64) {
        self.forget_graph(&sidecar.graph_id);
        self.observations.push(Observation {
            kind: "tombstone".into(),
            graph_id: sidecar.graph_id.clone(),
            deleted_at,
            approval_id: defect!("G52", None, sidecar.approval_id.clone()),
            actor: sidecar.actor.clone(),
        });
    }

    /// Sets the status of a resource.
    pub fn set_status(&mut self, address: &str, status: Status, code: Option<&str>) {
        let status = ResourceStatus { status, code: code.map(str::to_owned) };
        self.resource_statuses.insert(address.to_owned(), status);
    }

    /// Whether it has the same content as another, regardless of the writer.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let plain =
            |state: &Self| Self { state_revision: 0, written_by: String::new(), ..state.clone() };
        plain(self) == plain(other)
    }
}

/// The digest of a graph with this schema and these queries (address and digest).
pub fn graph_digest(schema_digest: &str, queries: &BTreeMap<&str, &str>) -> String {
    digest_of(&(schema_digest, queries))
}

/// The address of a graph.
pub fn graph_address(graph: &str) -> String {
    format!("graph.{graph}")
}

/// The address of a schema.
pub fn schema_address(graph: &str) -> String {
    format!("schema.{graph}")
}

/// The address of a query.
pub fn query_address(graph: &str, name: &str) -> String {
    format!("query.{graph}.{name}")
}

/// The path of a query's payload.
pub fn query_path(graph: &str, name: &str, digest: &str) -> String {
    let digest = digest.trim_start_matches("blake3:");
    format!("__cluster/resources/query/{graph}/{name}/{digest}.gq")
}
