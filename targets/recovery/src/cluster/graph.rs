//! A miniature graph engine, in which creation, change and removal of a graph take several steps.
//!
//! A root `graphs/ID.omni` holds `manifest.json` (the version, and the digest of the current schema), `schema.json`
//! (what readers see) and `data/`. A schema change is staged aside, committed by compare-and-swap on the manifest, and
//! only then made visible; the next open for writing finishes a change that was interrupted in between.

use chaosdrill_rt::observe;
use serde::{Deserialize, Serialize};

use super::files::{Existence, Files, Found, PutError, StoreError, chain};
use crate::digest::digest;

/// The committed state of a graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    version: u64,
    schema_digest: String,
    /// The operation that created this state.
    operation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Schema {
    digest: String,
    source: String,
    operation: String,
}

/// A graph that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The version of its manifest.
    pub version: u64,
    /// The digest of the schema that readers see.
    pub digest: String,
    source: String,
}

/// The result of opening a graph.
#[derive(Debug)]
pub enum Opening {
    /// It is open.
    Live(Live),
    /// It does not open, with the reason: a part of it is missing or invalid.
    WontOpen(String),
    /// The store did not answer.
    Unknown(StoreError),
}

/// Why the engine failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The graph exists already.
    #[error("there is a graph already")]
    Exists,
    /// The engine does not support the change.
    #[error("the change is not supported: {0}")]
    Rejected(String),
    /// The graph was changed concurrently.
    #[error("somebody else changed the graph")]
    Conflict,
    /// The graph does not open.
    #[error("the graph will not open: {0}")]
    WontOpen(String),
    /// The store failed, in the middle of the operation.
    #[error("the store failed: {0}")]
    Store(String),
}

impl EngineError {
    fn of(error: &PutError) -> Self {
        match error {
            PutError::Taken => Self::Conflict,
            other => Self::Store(chain(other)),
        }
    }

    fn store(error: &StoreError) -> Self {
        Self::Store(chain(error))
    }
}

/// One graph.
#[derive(Clone, Debug)]
pub struct Graph {
    files: Files,
    /// Its id.
    pub id: String,
}

impl Graph {
    /// The graph of that id, which need not exist.
    pub fn new(files: Files, id: &str) -> Self {
        Self { files, id: id.to_owned() }
    }

    /// The path of its root.
    pub fn root(&self) -> String {
        format!("graphs/{}.omni", self.id)
    }

    fn path(&self, of: &str) -> String {
        format!("{}/{of}", self.root())
    }

    fn staging(&self, digest: &str) -> String {
        self.path(&format!("staging/{}.json", digest.trim_start_matches("blake3:")))
    }

    /// Whether any part of it exists.
    pub async fn existence(&self) -> Existence {
        self.files.existence(&self.root()).await
    }

    /// Creates the graph.
    ///
    /// # Errors
    ///
    /// Fails if it exists, or with the store's error; a part of it may then exist.
    pub async fn init(&self, source: &str, operation: &str) -> Result<Live, EngineError> {
        let schema = Schema {
            digest: digest(source.as_bytes()),
            source: source.to_owned(),
            operation: operation.to_owned(),
        };
        let manifest = Manifest {
            version: 1,
            schema_digest: schema.digest.clone(),
            operation: operation.to_owned(),
        };
        let rows = format!("{{\"rows\":[],\"operation\":\"{operation}\"}}");
        let parts = [
            ("schema.json", written(&schema)),
            ("data/0.json", rows.into_bytes()),
            ("manifest.json", written(&manifest)),
        ];
        for (name, bytes) in parts {
            self.files.put_new(&self.path(name), &bytes).await.map_err(|error| match error {
                PutError::Taken => EngineError::Exists,
                other => EngineError::of(&other),
            })?;
        }
        observe!("graph.created", graph = self.id, operation = operation, digest = schema.digest);
        Ok(Live { version: 1, digest: schema.digest, source: schema.source })
    }

    /// Opens the graph for reading.
    pub async fn open(&self) -> Opening {
        match self.parts().await {
            Ok(Ok((_, (_, schema), manifest))) => live(schema, &manifest),
            Ok(Err(why)) => Opening::WontOpen(why),
            Err(error) => Opening::Unknown(error),
        }
    }

    /// Opens the graph for writing, and finishes a change that was committed but not made visible.
    pub async fn open_to_write(&self) -> Opening {
        let ((_, manifest), (schema_file, schema)) = match self.parts().await {
            Ok(Ok((file, schema, manifest))) => ((file, manifest), schema),
            Ok(Err(why)) => return Opening::WontOpen(why),
            Err(error) => return Opening::Unknown(error),
        };
        if schema.digest == manifest.schema_digest {
            return live(schema, &manifest);
        }
        let staging = self.staging(&manifest.schema_digest);
        let staged = match self.files.get(&staging).await {
            Ok(Some(staged)) => staged,
            Ok(None) => {
                return Opening::WontOpen("its schema is neither visible nor staged".into());
            }
            Err(error) => return Opening::Unknown(error),
        };
        let Some(schema) = read::<Schema>(&staged) else {
            return Opening::WontOpen("its staged schema cannot be read".into());
        };
        match self.files.put_over(&self.path("schema.json"), &staged.bytes, &schema_file).await {
            Ok(()) => {}
            Err(PutError::Taken) => {
                return Opening::WontOpen("somebody else is about to finish its change".into());
            }
            Err(PutError::Failed(error) | PutError::Unknown(error)) => {
                return Opening::Unknown(error);
            }
        }
        // A staged object that is left behind is harmless.
        let _ = self.files.delete(&staging).await;
        live(schema, &manifest)
    }

    /// Checks whether the engine would accept a change.
    ///
    /// # Errors
    ///
    /// Fails if it would not, or with the store's error.
    pub async fn preview(&self, live: &Live, source: &str) -> Result<(), EngineError> {
        if let Some(field) = needs_backfill(&live.source, source) {
            let why = format!("`{field}` is required, and rows lack it: it needs a backfill");
            return Err(EngineError::Rejected(why));
        }
        let branches = self.files.list(&self.path("branches")).await;
        match branches.map_err(|error| EngineError::store(&error))?.first() {
            Some(branch) => {
                Err(EngineError::Rejected(format!("{branch} is a branch that is open")))
            }
            None => Ok(()),
        }
    }

    /// Changes the schema.
    ///
    /// # Errors
    ///
    /// Fails if the change is not made; after an error in the middle, it may be committed all the same.
    pub async fn apply_schema(
        &self,
        live: &Live,
        source: &str,
        operation: &str,
    ) -> Result<Live, EngineError> {
        self.preview(live, source).await?;
        let (manifest_file, schema_file, manifest) = match self.parts().await {
            Ok(Ok((file, (schema_file, _), manifest))) => (file, schema_file, manifest),
            Ok(Err(why)) => return Err(EngineError::WontOpen(why)),
            Err(error) => return Err(EngineError::store(&error)),
        };
        if manifest.version != live.version {
            return Err(EngineError::Conflict);
        }
        let schema = Schema {
            digest: digest(source.as_bytes()),
            source: source.to_owned(),
            operation: operation.to_owned(),
        };
        let staging = self.staging(&schema.digest);
        self.stage(&staging, &schema).await?;
        let next = Manifest {
            version: manifest.version + 1,
            schema_digest: schema.digest.clone(),
            operation: operation.to_owned(),
        };
        let (path, bytes) = (self.path("manifest.json"), written(&next));
        let committed = self.files.put_over(&path, &bytes, &manifest_file).await;
        committed.map_err(|error| EngineError::of(&error))?;
        observe!(
            "graph.schema_applied",
            graph = self.id,
            operation = operation,
            from = manifest.schema_digest,
            to = schema.digest,
            version = next.version
        );
        let (path, bytes) = (self.path("schema.json"), written(&schema));
        let visible = self.files.put_over(&path, &bytes, &schema_file).await;
        visible.map_err(|error| EngineError::of(&error))?;
        // A staged object that is left behind is harmless.
        let _ = self.files.delete(&staging).await;
        Ok(Live { version: next.version, digest: schema.digest, source: schema.source })
    }

    /// Stages a schema, and replaces one that an interrupted attempt may have staged.
    async fn stage(&self, path: &str, schema: &Schema) -> Result<(), EngineError> {
        let left = self.files.get(path).await.map_err(|error| EngineError::store(&error))?;
        let staged = match &left {
            Some(left) => self.files.put_over(path, &written(schema), left).await,
            None => self.files.put_new(path, &written(schema)).await,
        };
        staged.map_err(|error| EngineError::of(&error))
    }

    /// Removes the whole graph; returns the number of removed objects.
    ///
    /// # Errors
    ///
    /// Fails with the store's error; a part of it may then be gone.
    pub async fn remove(&self) -> Result<usize, StoreError> {
        let mut paths = self.files.list(&self.root()).await?;
        // A partly removed graph must not open, so the manifest goes first.
        paths.sort_by_key(|path| !path.ends_with("/manifest.json"));
        for path in &paths {
            self.files.delete(path).await?;
        }
        Ok(paths.len())
    }

    /// Manifest and schema, or why they are invalid.
    async fn parts(&self) -> Result<Result<Parts, String>, StoreError> {
        let Some(file) = self.files.get(&self.path("manifest.json")).await? else {
            return Ok(Err("it has no manifest".into()));
        };
        let Some(schema_file) = self.files.get(&self.path("schema.json")).await? else {
            return Ok(Err("it has no schema".into()));
        };
        Ok(match (read::<Manifest>(&file), read::<Schema>(&schema_file)) {
            (Some(manifest), Some(schema)) => Ok((file, (schema_file, schema), manifest)),
            (None, _) => Err("its manifest cannot be read".into()),
            (_, None) => Err("its schema cannot be read".into()),
        })
    }
}

type Parts = (Found, (Found, Schema), Manifest);

fn live(schema: Schema, manifest: &Manifest) -> Opening {
    Opening::Live(Live { version: manifest.version, digest: schema.digest, source: schema.source })
}

/// A new required field, which existing rows do not have.
fn needs_backfill<'a>(before: &str, after: &'a str) -> Option<&'a str> {
    let is_new = |line: &&str| !before.lines().any(|known| known.trim() == line.trim());
    after.lines().filter(|line| line.trim().ends_with(" required")).find(is_new).map(str::trim)
}

fn written(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn read<T: serde::de::DeserializeOwned>(found: &Found) -> Option<T> {
    serde_json::from_slice(&found.bytes).ok()
}
