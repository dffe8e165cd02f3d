//! An open graph: its recovered store, and the six kinds of writes on it.

use std::collections::BTreeMap;

use chaosdrill_rt::{defect, observe};

use super::{
    config::EngineConfig,
    error::EngineError,
    keys::{self, Keys},
    manifest::{self, MANIFEST},
    model::{Commit, Entry, Manifest, Schema, Sidecar, TableVersion},
    objects::{Found, Objects, PutError, StoreError},
    plan::{self, TABLES},
    recover::{Mode, Recovery, Resolved},
    schema, sidecars, table,
    wire::Request,
    write::Write,
};
use crate::{files::Files, ulid};

/// The actor and operation name of a new graph.
const INIT: &str = "init";

/// An open graph.
#[derive(Debug)]
pub struct Graph {
    objects: Objects,
    config: EngineConfig,
    keys: Keys,
}

/// The result of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The operation; `None` if there was nothing to do.
    pub operation: Option<String>,
}

/// Why a write failed, and the operation that tried it.
#[derive(Debug)]
pub struct Unwritten {
    /// The operation; `None` if none was begun.
    pub operation: Option<String>,
    /// The reason.
    pub error: EngineError,
}

impl From<EngineError> for Unwritten {
    fn from(error: EngineError) -> Self {
        Self { operation: None, error }
    }
}

impl Graph {
    /// Opens a graph: creates it if it does not exist, and recovers all operations that were left unfinished.
    ///
    /// # Errors
    ///
    /// Fails with the store's error, or if the unfinished operations are unknown. A concurrent recovery is no error.
    pub async fn open(config: EngineConfig) -> Result<Self, EngineError> {
        let id = ulid::new();
        observe!("engine.attempt", id = id, what = "open");
        let opened = Self::open_and_sweep(config).await;
        let cause = opened.as_ref().err().map(EngineError::cause);
        observe!("engine.attempted", id = id, ok = opened.is_ok(), cause = cause);
        opened
    }

    async fn open_and_sweep(config: EngineConfig) -> Result<Self, EngineError> {
        let files = Files::open(&config.store_url).map_err(StoreError::from)?;
        let graph = Self { objects: Objects::new(files), config, keys: Keys::default() };
        graph.init().await?;
        for path in sidecars::list(&graph.objects).await? {
            let Some(found) = sidecars::read(&graph.objects, &path, &graph.config).await? else {
                continue;
            };
            defect!("G53", continue, ());
            graph.resolve(&found, Mode::Open).await?;
        }
        Ok(graph)
    }

    /// Creates the graph, or completes a partial creation.
    async fn init(&self) -> Result<(), EngineError> {
        if self.objects.get::<Manifest>(MANIFEST).await?.is_some() {
            return Ok(());
        }
        let empty = TableVersion {
            version: 0,
            parent: None,
            operation: INIT.into(),
            step: 1,
            of: 1,
            restores: None,
            schema: 0,
            fragments: 0,
            indexed: 0,
            rows: Vec::new(),
        };
        let mut tables = BTreeMap::new();
        for key in TABLES {
            let path = format!("tables/{key}");
            unless_taken(table::commit(&self.objects, &path, &empty).await)?;
            tables.insert(key.to_owned(), Entry { path, version: 0 });
        }
        let current = Schema { version: 0, operation: INIT.into() };
        unless_taken(self.objects.create(schema::CURRENT, &current).await)?;
        let commit = Commit { operation: INIT.into(), actor_id: INIT.into() };
        let manifest = Manifest { revision: 0, schema: 0, tables, aborting: Vec::new(), commit };
        unless_taken(self.objects.create(MANIFEST, &manifest).await)
    }

    async fn resolve(&self, found: &Found<Sidecar>, mode: Mode) -> Result<Resolved, EngineError> {
        let at = found.written_at();
        Recovery::new(&self.objects, &self.config, &found.value, at, mode).resolve().await
    }

    /// Publishes complete operations that were left behind. Incomplete ones stay for an open.
    async fn heal(&self) -> Result<(), EngineError> {
        for path in sidecars::list(&self.objects).await? {
            let Some(found) = sidecars::read(&self.objects, &path, &self.config).await? else {
                continue;
            };
            defect!(
                "G32",
                if found.value.kind == super::model::Kind::SchemaApply {
                    schema::promote(&self.objects, &found.value).await?;
                    self.resolve(&found, Mode::Heal).await?;
                    continue;
                },
                ()
            );
            // A writer of this program is let come to its end; by then there may be nothing left.
            let _keys = self.keys.take(keys::of(&found.value)).await;
            if let Some(found) = sidecars::read(&self.objects, &path, &self.config).await? {
                self.resolve(&found, Mode::Heal).await?;
            }
        }
        Ok(())
    }

    /// Carries a request out once: a repeated request is only answered.
    ///
    /// # Errors
    ///
    /// Fails if the request is not known to be done. It may be retried.
    pub async fn write(&self, request: &Request) -> Result<Written, Unwritten> {
        let id = ulid::new();
        observe!("engine.attempt", id = id, what = "write", request = request.id());
        let written = self.write_once(request).await;
        let cause = written.as_ref().err().map(|unwritten| unwritten.error.cause());
        observe!("engine.attempted", id = id, ok = written.is_ok(), cause = cause);
        written
    }

    async fn write_once(&self, request: &Request) -> Result<Written, Unwritten> {
        if self.config.heals_first {
            self.heal().await?;
        }
        let schema = matches!(request, Request::SchemaApply { .. }).then_some(keys::SCHEMA);
        let names = TABLES.into_iter().chain(schema).map(str::to_owned).collect();
        let _keys = self.keys.take(names).await;
        let manifest = manifest::read(&self.objects).await.map_err(EngineError::from)?.value;
        let plan = plan::make(&self.objects, &self.config, &manifest, request).await?;
        let Some(plan) = plan else { return Ok(Written { operation: None }) };
        let sidecar = plan.sidecar(&self.config, request);
        let operation = Some(plan.operation.clone());
        observe!(
            "engine.began",
            operation = plan.operation,
            request = request.id(),
            writer = format!("{:?}", plan.kind),
        );
        let ran = Write::new(&self.objects, &self.config, &plan, sidecar).run().await;
        observe!("engine.ended", operation = plan.operation, ok = ran.is_ok());
        match ran {
            Ok(()) => Ok(Written { operation }),
            Err(error) => Err(Unwritten { operation, error }),
        }
    }
}

/// Accepts an object that another program has created.
fn unless_taken(put: Result<(), PutError>) -> Result<(), EngineError> {
    match put {
        Ok(()) | Err(PutError::Taken(_)) => Ok(()),
        Err(PutError::Store(error)) => Err(error.into()),
    }
}
