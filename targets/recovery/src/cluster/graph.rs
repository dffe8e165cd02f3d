//! A graph of the cluster: a graph of the engine, below a root of its own.
//!
//! What is left unfinished in it is the engine's to recover, and an open for writing does. What readers see is the
//! schema in force, which is behind a published one for as long as the engine has not finished the change.

use chaosdrill_rt::{defect, observe};

use super::files::{Existence, Files, StoreError};
use crate::{
    digest::digest,
    engine::{
        self, EngineConfig, Request,
        error::EngineError,
        manifest::{self, MANIFEST},
        model::{Manifest, Schema},
        objects::{self, Objects},
        schema, sidecars,
    },
};

/// A graph that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The revision of its manifest.
    pub version: u64,
    /// The digest of the schema in force.
    pub digest: String,
    /// The schema in force.
    schema: u64,
    source: String,
}

/// The result of opening a graph.
#[derive(Debug)]
pub enum Opening {
    /// It is open.
    Live(Live),
    /// It does not open, with the reason: a part of it is missing or invalid.
    WontOpen(String),
    /// Nothing is known for now, with the reason: the store did not answer, or an operation is not settled yet.
    Unknown(String),
}

impl From<EngineError> for Opening {
    fn from(error: EngineError) -> Self {
        let why = error.to_string();
        match error {
            EngineError::Store(objects::StoreError::Broken { .. })
            | EngineError::NewerSidecar { .. }
            | EngineError::Invariant { .. }
            | EngineError::Refused(_) => Self::WontOpen(why),
            EngineError::Store(objects::StoreError::Call(_))
            | EngineError::Pending { .. }
            | EngineError::Conflict(_)
            | EngineError::Injected(_) => Self::Unknown(why),
        }
    }
}

/// Why a graph was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The change is not supported.
    #[error("the change is not supported: {0}")]
    Rejected(String),
    /// The graph was changed concurrently.
    #[error("somebody else changed the graph")]
    Conflict,
    /// The change is published, and readers do not see it yet.
    #[error("the change is published, and not in force yet")]
    NotInForce,
    /// The engine failed; a change may have been made, in part or in whole.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// One graph.
#[derive(Debug)]
pub struct Graph {
    files: Files,
    objects: Objects,
    engine: engine::graph::Graph,
    /// Its id.
    pub id: String,
}

impl Graph {
    /// The graph of that id, which need not exist. The process is the name of the program that opens it, by which the
    /// engine knows what an earlier life of it has left behind.
    pub fn new(files: Files, id: &str, process: &str) -> Self {
        let objects = Objects::below(files.clone(), &root_of(id));
        let engine = engine::graph::Graph::new(objects.clone(), EngineConfig::new(process));
        Self { files, objects, engine, id: id.to_owned() }
    }

    /// The path of its root.
    pub fn root(&self) -> String {
        root_of(&self.id)
    }

    /// Whether any part of it exists.
    pub async fn existence(&self) -> Existence {
        self.files.existence(&self.root()).await
    }

    /// Creates the graph.
    ///
    /// # Errors
    ///
    /// Fails if a part of it exists, or with the store's error; a part of it may then exist.
    pub async fn init(&self, source: &str, operation: &str) -> Result<Live, GraphError> {
        self.engine.create(operation, source).await?;
        let digest = digest(source.as_bytes());
        observe!(
            "graph.created",
            graph = self.id,
            operation = operation,
            digest = digest,
            version = 0
        );
        Ok(Live { version: 0, digest, schema: 0, source: source.to_owned() })
    }

    /// Opens the graph for reading: as it is, with what is left unfinished in it.
    pub async fn open(&self) -> Opening {
        match self.parts().await {
            Ok((manifest, schema)) => live(&manifest, schema),
            Err(error) => error.into(),
        }
    }

    /// Opens the graph for writing: the engine recovers first, so that nothing is published that readers do not see.
    pub async fn open_to_write(&self) -> Opening {
        match self.engine.recover().await {
            Ok(None) => {}
            Ok(Some(why)) => return Opening::Unknown(format!("an operation waits: {why}")),
            Err(error) => return error.into(),
        }
        match self.parts().await {
            Ok((manifest, schema)) if manifest.schema == schema.version => live(&manifest, schema),
            Ok(_) => Opening::Unknown("somebody else is about to change its schema".into()),
            Err(error) => error.into(),
        }
    }

    /// Whether the engine has nothing left to do in it, so that it stays as it is until the next write.
    pub async fn is_settled(&self) -> bool {
        sidecars::list(&self.objects).await.is_ok_and(|left| left.is_empty())
    }

    /// Checks whether the graph can take a change.
    ///
    /// # Errors
    ///
    /// Fails if it cannot, or with the store's error.
    pub async fn preview(&self, live: &Live, source: &str) -> Result<(), GraphError> {
        if let Some(field) = needs_backfill(&live.source, source) {
            let why = format!("`{field}` is required, and rows lack it: it needs a backfill");
            return Err(GraphError::Rejected(why));
        }
        let branches = self.objects.list("branches").await;
        match branches.map_err(EngineError::from)?.first() {
            Some(branch) => Err(GraphError::Rejected(format!("{branch} is a branch that is open"))),
            None => Ok(()),
        }
    }

    /// Changes the schema.
    ///
    /// # Errors
    ///
    /// Fails if readers do not see the new schema; after an error in the middle, it may be published all the same.
    pub async fn apply_schema(
        &self,
        live: &Live,
        source: &str,
        operation: &str,
    ) -> Result<Live, GraphError> {
        self.preview(live, source).await?;
        let version = live.schema + 1;
        let change =
            Request::SchemaApply { id: operation.to_owned(), version, source: source.to_owned() };
        let written = self.engine.write(&change).await.map_err(|unwritten| unwritten.error)?;
        if written.operation.is_none() {
            // The next version exists already.
            return Err(GraphError::Conflict);
        }
        let (manifest, schema) = self.parts().await?;
        let digest = digest(source.as_bytes());
        observe!(
            "graph.schema_applied",
            graph = self.id,
            operation = operation,
            from = live.digest,
            to = digest,
            version = manifest.revision
        );
        if defect!("G59", true, schema.digest == digest) {
            Ok(Live {
                version: manifest.revision,
                digest,
                schema: version,
                source: source.to_owned(),
            })
        } else {
            Err(GraphError::NotInForce)
        }
    }

    /// Removes the whole graph; returns the number of removed objects.
    ///
    /// # Errors
    ///
    /// Fails with the store's error; a part of it may then be gone.
    pub async fn remove(&self) -> Result<usize, StoreError> {
        let mut paths = self.files.list(&self.root()).await?;
        // A partly removed graph must not open, so the manifest goes first.
        let manifest = format!("{}/{MANIFEST}", self.root());
        paths.sort_by_key(|path| *path != manifest);
        for path in &paths {
            self.files.delete(path).await?;
        }
        Ok(paths.len())
    }

    /// What is published, and the schema in force.
    async fn parts(&self) -> Result<(Manifest, Schema), EngineError> {
        let manifest = manifest::read(&self.objects).await?.value;
        Ok((manifest, schema::read(&self.objects).await?))
    }
}

fn root_of(id: &str) -> String {
    format!("graphs/{id}.omni")
}

fn live(manifest: &Manifest, schema: Schema) -> Opening {
    let Schema { version, digest, source, .. } = schema;
    Opening::Live(Live { version: manifest.revision, digest, schema: version, source })
}

/// A new required field, which existing rows do not have.
fn needs_backfill<'a>(before: &str, after: &'a str) -> Option<&'a str> {
    let is_new = |line: &&str| !before.lines().any(|known| known.trim() == line.trim());
    after.lines().filter(|line| line.trim().ends_with(" required")).find(is_new).map(str::trim)
}
