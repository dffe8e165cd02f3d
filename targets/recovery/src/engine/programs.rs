//! The programs of the engine: a writer that serves requests, a reader, and an opener that only recovers.

use std::{collections::BTreeMap, sync::Arc};

use chaosdrill_kit::Program;
use chaosdrill_rt::{
    defect, http,
    net::TcpListener,
    observe,
    time::{self, Duration},
};
use serde_json::json;

use super::{
    config::EngineConfig,
    error::EngineError,
    graph::{Graph, Unwritten, Written},
    manifest,
    objects::Objects,
    table,
    wire::{Answer, Request},
};
use crate::{BoxError, files::Files};

/// The pause before another attempt to open the graph.
const OPEN_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Serves write requests, for ever: `POST /write` carries a [`Request`] out.
///
/// The status says what the client should do: 200 is done, 409 and 503 retry, 422 give up.
///
/// # Errors
///
/// Fails only if the URL names no store, or if it cannot listen.
pub fn run_writer(config: EngineConfig, store_url: impl Into<String>, listen: &str) -> Program<'_> {
    Box::pin(writer(config, store_url.into(), listen))
}

async fn writer(config: EngineConfig, store_url: String, listen: &str) -> Result<(), BoxError> {
    let objects = Objects::new(Files::open(&store_url)?);
    let graph = Arc::new(open(&objects, &config).await);
    let listener = TcpListener::bind("writer", listen).await?;
    let answer = move |request: http::Request| {
        let graph = graph.clone();
        async move { answer(&graph, &request).await }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

/// Opens the graph, with retries; this recovers the operations that can be recovered.
async fn open(objects: &Objects, config: &EngineConfig) -> Graph {
    loop {
        match Graph::open(objects.clone(), config.clone()).await {
            Ok(graph) => return graph,
            Err(error) => {
                observe!("engine.not_opened", cause = error.cause(), error = error.to_string());
                time::sleep(OPEN_AGAIN_AFTER).await;
            }
        }
    }
}

async fn answer(graph: &Graph, request: &http::Request) -> http::Response {
    if request.path != "/write" {
        return http::Response::new(404, "nothing is here");
    }
    let request: Request = match serde_json::from_slice(&request.body) {
        Ok(request) => request,
        Err(error) => return http::Response::new(422, error.to_string()),
    };
    let (status, answer) = match graph.write(&request).await {
        Ok(Written { operation }) => {
            let repeated = operation.is_none();
            (200, Answer { operation, repeated, cause: None, error: None })
        }
        Err(Unwritten { operation, error }) => {
            let status = match &error {
                EngineError::Refused(_) => 422,
                EngineError::Pending { .. } | EngineError::Conflict(_) => 409,
                _ => 503,
            };
            let (cause, error) = (Some(error.cause().to_owned()), Some(error.to_string()));
            (status, Answer { operation, repeated: false, cause, error })
        }
    };
    http::Response::new(status, json!(answer).to_string())
}

/// Opens the graph periodically, as an operator's job does, to recover abandoned operations.
///
/// # Errors
///
/// Fails only if the URL names no store: an open that fails now is retried.
pub fn run_opener(
    config: EngineConfig,
    store_url: impl Into<String>,
    every: Duration,
) -> Program<'static> {
    Box::pin(opener(config, store_url.into(), every))
}

async fn opener(config: EngineConfig, store_url: String, every: Duration) -> Result<(), BoxError> {
    let objects = Objects::new(Files::open(&store_url)?);
    loop {
        drop(open(&objects, &config).await);
        time::sleep(every).await;
    }
}

/// Serves the published graph, for ever: `POST /read` returns the ids of all rows, by table.
///
/// # Errors
///
/// Fails only if the URL names no store, or if it cannot listen.
pub fn run_reader(store_url: impl Into<String>, listen: &str) -> Program<'_> {
    Box::pin(reader(store_url.into(), listen))
}

async fn reader(store_url: String, listen: &str) -> Result<(), BoxError> {
    let objects = Objects::new(Files::open(&store_url)?);
    let listener = TcpListener::bind("reader", listen).await?;
    let answer = move |_| {
        let objects = objects.clone();
        async move {
            match rows(&objects).await {
                Ok(rows) => http::Response::new(200, json!(rows).to_string()),
                Err(error) => http::Response::new(503, error.to_string()),
            }
        }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

async fn rows(objects: &Objects) -> Result<BTreeMap<String, Vec<String>>, EngineError> {
    let manifest = manifest::read(objects).await?.value;
    let mut all = BTreeMap::new();
    for (key, entry) in manifest.tables {
        let version =
            defect!("G83", table::head(objects, &entry.path).await?.unwrap_or(0), entry.version);
        let rows = table::read(objects, &entry.path, version).await?.rows;
        all.insert(key, rows.into_iter().map(|row| row.id).collect());
    }
    Ok(all)
}
