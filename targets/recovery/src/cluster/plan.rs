//! Plans a configuration: reads the sources that it names, and pins each by its digest.

use std::collections::BTreeMap;

use chaosdrill_rt::defect;

use super::{
    files::{Files, StoreError, chain},
    model::{Config, Embedding, digest_of},
};
use crate::digest::digest;

/// A configuration, with the digests of all sources.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The digest of the whole configuration.
    pub config_digest: String,
    /// The graphs, by id.
    pub graphs: BTreeMap<String, Planned>,
}

/// The desired state of one graph.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The path of the object with the schema source.
    pub source: String,
    /// The digest of that source at the time of the plan.
    pub schema_digest: String,
    /// The queries, by name: digest and text.
    pub queries: BTreeMap<String, (String, String)>,
    /// The settings for semantic search, if it is enabled.
    pub embedding: Option<Embedding>,
}

/// Why a plan or one of its sources is unavailable.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The configuration names a source that does not exist.
    #[error("{0} is not there")]
    NotFound(String),
    /// The source has changed since the plan.
    #[error("{0} has changed since the plan was made")]
    Changed(String),
    /// The store failed.
    #[error("the store did not give a source")]
    Store(#[from] StoreError),
}

impl PlanError {
    /// The error as a one-word code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "resource_not_found",
            Self::Changed(_) => "resource_content_changed",
            Self::Store(_) => "resource_store_error",
        }
    }

    /// The error message.
    pub fn why(&self) -> String {
        chain(self)
    }
}

/// Reads all sources of a configuration.
///
/// # Errors
///
/// Fails if one does not exist, or with the store's error.
pub async fn make(files: &Files, config: &Config) -> Result<Plan, PlanError> {
    let mut graphs = BTreeMap::new();
    for (id, graph) in &config.graphs {
        let source = read(files, &graph.schema).await?;
        let query = |(name, text): (&String, &String)| {
            (name.clone(), (digest(text.as_bytes()), text.clone()))
        };
        let planned = Planned {
            source: graph.schema.clone(),
            schema_digest: digest(source.as_bytes()),
            queries: graph.queries.iter().map(query).collect(),
            embedding: graph.embedding.clone(),
        };
        graphs.insert(id.clone(), planned);
    }
    Ok(Plan { config_digest: config_digest(&graphs), graphs })
}

fn config_digest(graphs: &BTreeMap<String, Planned>) -> String {
    let parts = |planned: &Planned| {
        let queries: BTreeMap<String, String> = planned
            .queries
            .iter()
            .map(|(name, (digest, _))| (name.clone(), digest.clone()))
            .collect();
        (planned.schema_digest.clone(), queries, planned.embedding.clone())
    };
    let graphs: BTreeMap<&String, _> =
        graphs.iter().map(|(id, graph)| (id, parts(graph))).collect();
    digest_of(&graphs)
}

/// Reads a schema source again, as it was planned.
///
/// # Errors
///
/// Fails if the source has changed or is gone, or with the store's error.
pub async fn source_again(files: &Files, planned: &Planned) -> Result<String, PlanError> {
    let source = read(files, &planned.source).await?;
    if defect!("G33", true, digest(source.as_bytes()) == planned.schema_digest) {
        Ok(source)
    } else {
        Err(PlanError::Changed(planned.source.clone()))
    }
}

async fn read(files: &Files, path: &str) -> Result<String, PlanError> {
    let found = files.get(path).await?.ok_or_else(|| PlanError::NotFound(path.to_owned()))?;
    Ok(String::from_utf8_lossy(&found.bytes).into_owned())
}
