//! An open graph: its recovered store, and the six kinds of writes on it.

use chaosdrill_rt::{defect, observe};

use super::{
    config::EngineConfig,
    error::EngineError,
    first::First,
    keys::{self, Keys},
    manifest::{self, MANIFEST},
    model::{Manifest, Sidecar},
    objects::{Found, Objects, PutError},
    plan::{self, TABLES},
    recover::{Mode, Recovery, Resolved},
    sidecars,
    wire::Request,
    write::Write,
};
use crate::ulid;

/// The operation that creates a graph of its own store, and the source of its first schema.
const INIT: (&str, &str) = ("init", "");

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
    /// The graph of these objects, which need not exist.
    pub fn new(objects: Objects, config: EngineConfig) -> Self {
        Self { objects, config, keys: Keys::default() }
    }

    /// Opens a graph: creates it if it does not exist, and recovers all operations that were left unfinished.
    ///
    /// # Errors
    ///
    /// Fails with the store's error, or if the unfinished operations are unknown. A concurrent recovery is no error.
    pub async fn open(objects: Objects, config: EngineConfig) -> Result<Self, EngineError> {
        let graph = Self::new(objects, config);
        let opened = async {
            graph.create_if_missing().await?;
            graph.settle_all().await
        };
        attempt_to_open(opened).await?;
        Ok(graph)
    }

    /// Recovers all operations that were left unfinished, as an open does, of a graph that exists. Returns why one of
    /// them has to wait; `None` if all are settled.
    ///
    /// # Errors
    ///
    /// As for [`Graph::open`].
    pub async fn recover(&self) -> Result<Option<&'static str>, EngineError> {
        attempt_to_open(self.settle_all()).await
    }

    async fn settle_all(&self) -> Result<Option<&'static str>, EngineError> {
        let mut waits = None;
        for path in sidecars::list(&self.objects).await? {
            let Some(found) = sidecars::read(&self.objects, &path, &self.config).await? else {
                continue;
            };
            defect!("G53", continue, ());
            if let Resolved::Deferred(why) = self.resolve(&found, Mode::Open).await? {
                waits = Some(why);
            }
        }
        Ok(waits)
    }

    /// Creates the graph under a new operation.
    ///
    /// # Errors
    ///
    /// Fails if a part of it exists, or with the store's error: a part of it may then exist.
    pub async fn create(&self, operation: &str, source: &str) -> Result<(), EngineError> {
        First::new(operation, source).put(&self.objects, |put| put.map_err(Into::into)).await
    }

    /// Creates the graph, or completes a partial creation.
    async fn create_if_missing(&self) -> Result<(), EngineError> {
        if self.objects.get::<Manifest>(MANIFEST).await?.is_some() {
            return Ok(());
        }
        let (operation, source) = INIT;
        First::new(operation, source).put(&self.objects, unless_taken).await
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
                    super::schema::promote(&self.objects, &found.value).await?;
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

/// Reports the beginning and the end of an attempt to open a graph.
async fn attempt_to_open<T>(
    opening: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    let id = ulid::new();
    observe!("engine.attempt", id = id, what = "open");
    let opened = opening.await;
    let cause = opened.as_ref().err().map(EngineError::cause);
    observe!("engine.attempted", id = id, ok = opened.is_ok(), cause = cause);
    opened
}

/// Accepts an object that another program has created.
fn unless_taken(put: Result<(), PutError>) -> Result<(), EngineError> {
    match put {
        Ok(()) | Err(PutError::Taken(_)) => Ok(()),
        Err(PutError::Store(error)) => Err(error.into()),
    }
}
