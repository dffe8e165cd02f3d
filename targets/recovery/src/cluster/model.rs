//! What is stored, and what is asked for: plain data, with its written form.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The version of the ledger that this release writes.
pub const STATE_VERSION: u32 = 1;
/// The newest version of sidecars that this release understands.
pub const SIDECAR_VERSION: u32 = 1;

/// The digest of a text or an object.
pub fn digest(bytes: &[u8]) -> String {
    format!("blake3:{}", &blake3::hash(bytes).to_hex()[..32])
}

/// The digest of a value, over its written form.
pub fn digest_of(value: &impl Serialize) -> String {
    digest(&serde_json::to_vec(value).unwrap_or_default())
}

/// The ledger: what the cluster is known to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The version of its form.
    pub version: u32,
    /// Counts its writes.
    pub state_revision: u64,
    /// Which command wrote it: no two writes have the same bytes.
    pub written_by: String,
    /// What is applied.
    pub applied_revision: AppliedRevision,
    /// What is the matter with each resource, by address.
    pub resource_statuses: BTreeMap<String, ResourceStatus>,
    /// The approvals that were used up, by id.
    pub approval_records: BTreeMap<String, ApprovalRecord>,
    /// What recovery did, in order.
    pub recovery_records: Vec<RecoveryRecord>,
    /// What happened to resources that are gone, in order.
    pub observations: Vec<Observation>,
}

/// What is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedRevision {
    /// The digest of the configuration that was applied last, with everything it names.
    pub config_digest: String,
    /// `graph.ID`, `schema.ID`, `query.ID.NAME`.
    pub resources: BTreeMap<String, Resource>,
}

/// One resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The digest of its content; of a graph, over its schema's and its queries'.
    pub digest: String,
    /// What it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies_to: Option<String>,
    /// Who embeds, for graphs that are searched by meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_provider: Option<String>,
    /// The profile of embedding. Ledgers of older releases lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_profile: Option<String>,
}

/// How a resource stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As the configuration wants it.
    Applied,
    /// The live one is not what the ledger says.
    Drifted,
    /// Somebody has to do something first.
    Blocked,
    /// It went wrong.
    Error,
}

/// How a resource stands, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceStatus {
    /// How.
    pub status: Status,
    /// Why, in one word; none where all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// An approval that was used up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRecord {
    /// What it was for.
    pub resource: String,
    /// When, in milliseconds since 1970.
    pub consumed_at: i64,
    /// By which operation.
    pub consumed_by_operation: String,
}

/// One operation that recovery rolled forward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryRecord {
    /// The operation.
    pub operation_id: String,
    /// What it was about.
    pub kind: Kind,
    /// Of which graph.
    pub graph_id: String,
    /// `rolled_forward`.
    pub outcome: String,
    /// When, in milliseconds since 1970.
    pub recovered_at: i64,
    /// Who had begun the operation.
    pub actor: String,
}

/// Something that is no longer there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// `tombstone`.
    pub kind: String,
    /// Of which graph.
    pub graph_id: String,
    /// When, in milliseconds since 1970.
    pub deleted_at: i64,
    /// Under which approval.
    pub approval_id: Option<String>,
    /// Who removed it.
    pub actor: String,
}

/// What an operation moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A graph comes to be.
    GraphCreate,
    /// The schema of a graph changes.
    SchemaApply,
    /// A graph goes.
    GraphDelete,
}

/// The intent of one operation, written aside before anything moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// The version of its form.
    pub schema_version: u32,
    /// Its id, a ULID; its file is named after it.
    pub operation_id: String,
    /// When, in milliseconds since 1970.
    pub started_at: i64,
    /// By whom.
    pub actor: String,
    /// What.
    pub kind: Kind,
    /// Of which graph.
    pub graph_id: String,
    /// Where that is.
    pub graph_uri: String,
    /// The version of the graph's manifest before.
    pub observed_manifest_version: Option<u64>,
    /// The version after; unknown until the engine has returned.
    pub expected_manifest_version: Option<u64>,
    /// The digest of the schema after; empty for a graph that goes.
    pub desired_schema_digest: String,
    /// The ledger on which the operation was planned, for people who look into it.
    pub state_cas_base: String,
    /// Under which approval.
    pub approval_id: Option<String>,
}

/// Somebody's word that one graph may be removed, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Its id, a ULID; its file is named after it.
    pub approval_id: String,
    /// What it is for, such as `graph.people`.
    pub resource: String,
    /// `delete`.
    pub operation: String,
    /// Why.
    pub reason: String,
    /// The configuration that was looked at.
    pub bound_config_digest: String,
    /// The resource as it was.
    pub bound_before_digest: String,
    /// The resource as it is to be; empty where it goes.
    pub bound_after_digest: String,
    /// Whose word.
    pub approved_by: String,
    /// When, in milliseconds since 1970.
    pub created_at: i64,
    /// When it was used up, in milliseconds since 1970.
    pub consumed_at: Option<i64>,
    /// By which operation.
    pub consumed_by_operation: Option<String>,
}

/// What an operator wants the cluster to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The graphs, by id.
    pub graphs: BTreeMap<String, GraphConfig>,
}

/// One graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphConfig {
    /// The object with the source of its schema.
    pub schema: String,
    /// The text of its queries, by name.
    #[serde(default)]
    pub queries: BTreeMap<String, String>,
    /// How it is searched by meaning, if it is.
    #[serde(default)]
    pub embedding: Option<Embedding>,
}

/// How a graph is searched by meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    /// Who embeds.
    pub provider: String,
    /// With which profile.
    pub profile: String,
}

impl State {
    /// The ledger of a cluster that holds nothing.
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

    /// Records the schema of a graph, and what follows from it.
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

    /// Computes the digest of a graph from those of its parts.
    pub fn derive_graph(&mut self, graph: &str) {
        let parts: BTreeMap<&str, &str> =
            self.queries(graph).map(|(address, _, digest)| (address, digest)).collect();
        let digest =
            graph_digest(self.digest_at(&schema_address(graph)).unwrap_or_default(), &parts);
        self.applied_revision.resources.entry(graph_address(graph)).or_default().digest = digest;
    }

    /// Takes a graph and all that belongs to it out.
    pub fn forget_graph(&mut self, graph: &str) {
        let prefix = format!("query.{graph}.");
        let (own_graph, own_schema) = (graph_address(graph), schema_address(graph));
        let stays = |address: &str| {
            address != own_graph && address != own_schema && !address.starts_with(&prefix)
        };
        self.applied_revision.resources.retain(|address, _| stays(address));
        self.resource_statuses.retain(|address, _| stays(address));
    }

    /// Takes the graph of a finished delete out, and leaves a tombstone in the observations.
    pub fn record_deletion(&mut self, sidecar: &Sidecar, deleted_at: i64) {
        self.forget_graph(&sidecar.graph_id);
        self.observations.push(Observation {
            kind: "tombstone".into(),
            graph_id: sidecar.graph_id.clone(),
            deleted_at,
            approval_id: sidecar.approval_id.clone(),
            actor: sidecar.actor.clone(),
        });
    }

    /// Says how a resource stands.
    pub fn set_status(&mut self, address: &str, status: Status, code: Option<&str>) {
        let status = ResourceStatus { status, code: code.map(str::to_owned) };
        self.resource_statuses.insert(address.to_owned(), status);
    }

    /// Whether it says the same as another, whoever wrote them.
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

/// Where the payload of a query is.
pub fn query_path(graph: &str, name: &str, digest: &str) -> String {
    let digest = digest.trim_start_matches("blake3:");
    format!("__cluster/resources/query/{graph}/{name}/{digest}.gq")
}
