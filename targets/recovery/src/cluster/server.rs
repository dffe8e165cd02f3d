//! The server: serves the graphs that are ready.
//!
//! A failure of one graph quarantines only that graph. A failure that may concern any graph stops all of them: a
//! missing ledger, an unreadable intent, or no healthy graph.
//!
//! `POST /graphs` lists the served graphs, `POST /graphs/ID` requests one: 200 served, 404 not served, 503 none is
//! served.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use chaosdrill_kit::Program;
use chaosdrill_rt::{
    defect, http,
    net::TcpListener,
    observe, task,
    time::{self, Duration},
};
use serde_json::json;

use super::{
    files::{Files, StoreError},
    graph::{Graph, Opening},
    ledger::{self, LedgerError},
    model::{SIDECAR_VERSION, State, graph_address, query_path, schema_address},
    sidecars::{self, Unreadable},
    ulid,
};
use crate::BoxError;

/// The name of a server for the engine: it opens graphs for reading only.
const PROCESS: &str = "server";

/// The configuration of a server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The store of the cluster.
    pub store_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// The pause between two checks of readiness.
    pub poll: Duration,
    /// Whether one graph that is not ready stops all from being served.
    pub require_all_graphs: bool,
    /// The embedding providers that it knows.
    pub providers: BTreeSet<String>,
}

impl ServerConfig {
    /// The defaults: port 80, a check every five seconds, serves the graphs that are ready, knows the provider `local`.
    pub fn new(store_url: impl Into<String>) -> Self {
        Self {
            store_url: store_url.into(),
            listen: "0.0.0.0:80".into(),
            poll: Duration::from_secs(5),
            require_all_graphs: false,
            providers: BTreeSet::from(["local".to_owned()]),
        }
    }
}

/// The state of readiness.
#[derive(Clone, Debug, Default)]
struct Readiness {
    /// Why no graph is served; `None` if any is.
    fatal: Option<&'static str>,
    /// The graphs that are served.
    ready: BTreeSet<String>,
    /// The graphs that are not, with the reason.
    quarantined: BTreeMap<String, &'static str>,
    /// Failed reads of the store: the conclusions from them may change at the next check.
    store_errors: u32,
}

/// Runs a server, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_server(config: ServerConfig) -> Program<'static> {
    Box::pin(server(config))
}

async fn server(config: ServerConfig) -> Result<(), BoxError> {
    let files = Files::open(&config.store_url)?;
    let booting = Readiness { fatal: Some("booting"), ..Readiness::default() };
    let served = Arc::new(Mutex::new(booting));
    let listener = TcpListener::bind("server", &config.listen).await?;
    task::spawn(keep_looking(files, config, served.clone()));
    let answer = move |request: http::Request| {
        let answered = answer(&served, &request);
        async move { answered }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

async fn keep_looking(files: Files, config: ServerConfig, served: Arc<Mutex<Readiness>>) {
    loop {
        let look = ulid::new();
        observe!("server.looking", look = look);
        let readiness = look_around(&files, &config).await;
        observe!(
            "server.looked",
            look = look,
            fatal = readiness.fatal,
            ready = readiness.ready,
            quarantined = readiness.quarantined,
            store_errors = readiness.store_errors
        );
        if defect!("G47", readiness.fatal != Some("state_unreadable"), true) {
            *served.lock().expect("nothing panics while it holds this") = readiness;
        }
        defect!("G48", return, ());
        time::sleep(config.poll).await;
    }
}

fn answer(served: &Mutex<Readiness>, request: &http::Request) -> http::Response {
    let served = served.lock().expect("nothing panics while it holds this");
    if let Some(fatal) = served.fatal {
        return http::Response::new(503, json!({ "error": fatal }).to_string());
    }
    if request.path == "/graphs" {
        let graphs = defect!("G46", json!(all_of_wrongly(&served)), json!(served.ready));
        return http::Response::new(200, json!({ "graphs": graphs }).to_string());
    }
    match request.path.strip_prefix("/graphs/") {
        Some(graph) if served.ready.contains(graph) => http::Response::new(200, "{}"),
        #[cfg(feature = "defects")]
        Some(_) if defect!("G46b", !served.quarantined.is_empty(), false) => {
            http::Response::new(503, "a graph is not ready")
        }
        _ => http::Response::new(404, "it is not served"),
    }
}

/// All graphs, served or not: only a planted bug lists them.
#[cfg(feature = "defects")]
fn all_of_wrongly(served: &Readiness) -> BTreeSet<&String> {
    served.ready.iter().chain(served.quarantined.keys()).collect()
}

/// Checks everything that decides which graphs are served.
async fn look_around(files: &Files, config: &ServerConfig) -> Readiness {
    let mut seen = Readiness::default();
    let state = match ledger::read(files).await {
        Ok(as_read) => as_read.state,
        Err(error) => {
            seen.store_errors += u32::from(matches!(error, LedgerError::Store(_)));
            seen.fatal = Some("state_unreadable");
            return seen;
        }
    };
    let pending = sidecars::read_all(files, SIDECAR_VERSION).await;
    for (_, why) in &pending.unreadable {
        seen.store_errors += u32::from(matches!(why, Unreadable::Store(_)));
        seen.fatal = defect!("G24b", None, Some(why.code()));
    }
    defect!(
        "G11",
        if !pending.sidecars.is_empty() {
            seen.fatal = Some("cluster_recovery_pending");
        },
        ()
    );
    for sidecar in pending.sidecars {
        seen.quarantined.insert(sidecar.graph_id, "cluster_recovery_pending");
    }
    for id in state.graphs() {
        if seen.quarantined.contains_key(&id) {
            continue;
        }
        match is_ready(files, config, &state, &id).await {
            Ok(None) => {
                seen.ready.insert(id);
            }
            Ok(Some(why)) => {
                seen.quarantined.insert(id, why);
            }
            Err(Unseen) => {
                seen.store_errors += 1;
                seen.quarantined.insert(id, "graph_store_error");
            }
        }
    }
    if seen.ready.is_empty() {
        seen.fatal = seen.fatal.or(Some("no_graph_is_ready"));
    }
    if config.require_all_graphs && !seen.quarantined.is_empty() {
        seen.fatal = seen.fatal.or(Some("not_all_graphs_are_ready"));
    }
    if seen.fatal.is_some() {
        seen.ready.clear();
    }
    seen
}

/// Why a graph is not known to be ready or not: the store did not answer.
struct Unseen;

impl From<StoreError> for Unseen {
    fn from(_: StoreError) -> Self {
        Self
    }
}

/// Why a graph is not ready; `None` if it is.
async fn is_ready(
    files: &Files,
    config: &ServerConfig,
    state: &State,
    id: &str,
) -> Result<Option<&'static str>, Unseen> {
    match Graph::new(files.clone(), id, PROCESS).open().await {
        Opening::Live(live) if state.digest_at(&schema_address(id)) == Some(&live.digest) => {}
        Opening::Live(_) => return Ok(Some("graph_drifted")),
        Opening::WontOpen(_) => defect!("G43", (), return Ok(Some("graph_unopenable"))),
        Opening::Unknown(_) => return Err(Unseen),
    }
    for (_, name, digest) in state.queries(id) {
        let payload = files.get(&query_path(id, name, digest)).await?;
        match payload {
            Some(payload) if payload.bytes.starts_with(b"query ") => {}
            Some(_) => defect!("G44", (), return Ok(Some("query_unparseable"))),
            None => defect!("G44b", (), return Ok(Some("query_payload_missing"))),
        }
    }
    let graph = state.applied_revision.resources.get(&graph_address(id));
    let provider = graph.and_then(|graph| graph.embedding_provider.as_ref());
    let profile = graph.and_then(|graph| graph.embedding_profile.as_ref());
    Ok(match provider {
        Some(provider) if !config.providers.contains(provider) => {
            defect!("G45", None, Some("embedding_provider_unknown"))
        }
        Some(_) if profile.is_none() => Some("embedding_profile_missing"),
        _ => None,
    })
}
