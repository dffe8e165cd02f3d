//! The approver: records an operator's approval to remove a graph.
//!
//! `POST /approve` with `{"id", "graph", "config", "reason"}`. The id is a ULID chosen by the client: a request with
//! the same id is for the same approval. An approval is bound to the configuration that was reviewed, and to the
//! recorded state of the graph.

use std::sync::Arc;

use chaosdrill_kit::Program;
use chaosdrill_rt::{http, net::TcpListener, observe, time};
use serde::Deserialize;
use serde_json::json;

use super::{
    approvals,
    files::{Files, PutError, chain},
    ledger::{self, LedgerError},
    model::{Approval, Config, graph_address},
    plan::{self, PlanError},
};
use crate::BoxError;

/// The configuration of an approver.
#[derive(Clone, Debug)]
pub struct ApproverConfig {
    /// The store of the cluster.
    pub store_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// The name recorded as the approver.
    pub approver: String,
}

impl ApproverConfig {
    /// The defaults: port 80.
    pub fn new(store_url: impl Into<String>, approver: impl Into<String>) -> Self {
        let (store_url, approver) = (store_url.into(), approver.into());
        Self { store_url, listen: "0.0.0.0:80".into(), approver }
    }
}

/// Runs an approver, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_approver(config: ApproverConfig) -> Program<'static> {
    Box::pin(approver(config))
}

async fn approver(config: ApproverConfig) -> Result<(), BoxError> {
    let files = Files::open(&config.store_url)?;
    let listener = TcpListener::bind("approver", &config.listen).await?;
    let approver = Arc::new((files, config.approver));
    let answer = move |request: http::Request| {
        let approver = approver.clone();
        async move { answer(&approver.0, &approver.1, &request).await }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    id: String,
    graph: String,
    config: Config,
    reason: String,
}

/// Why a request is refused.
enum Refusal {
    /// The request is invalid.
    Never(String),
    /// A retry may succeed.
    Later(String),
}

async fn answer(files: &Files, approver: &str, request: &http::Request) -> http::Response {
    if request.path != "/approve" {
        return http::Response::new(404, "nothing is here");
    }
    let ask: Ask = match serde_json::from_slice(&request.body) {
        Ok(ask) => ask,
        Err(error) => return http::Response::new(422, error.to_string()),
    };
    match approve(files, approver, &ask).await {
        Ok(()) => http::Response::new(200, "{}"),
        Err(Refusal::Never(why)) => http::Response::new(409, json!({ "error": why }).to_string()),
        Err(Refusal::Later(why)) => http::Response::new(503, json!({ "error": why }).to_string()),
    }
}

async fn approve(files: &Files, approver: &str, ask: &Ask) -> Result<(), Refusal> {
    let path = approvals::path(&ask.id);
    let known = files.get(&path).await.map_err(|error| Refusal::Later(chain(&error)))?;
    if known.is_some() {
        // A repeated request, whose first answer was lost.
        return Ok(());
    }
    let state = match ledger::read(files).await {
        Ok(as_read) => as_read.state,
        Err(error @ LedgerError::Store(_)) => return Err(Refusal::Later(chain(&error))),
        Err(error) => return Err(Refusal::Never(chain(&error))),
    };
    let plan = plan::make(files, &ask.config).await.map_err(|error| match error {
        PlanError::Store(_) => Refusal::Later(error.why()),
        error => Refusal::Never(error.why()),
    })?;
    let resource = graph_address(&ask.graph);
    let is_to_go = !plan.graphs.contains_key(&ask.graph);
    let before = state.digest_at(&resource).filter(|_| is_to_go);
    let before =
        before.ok_or_else(|| Refusal::Never("nobody wants to remove that graph".into()))?;
    let approval = Approval {
        approval_id: ask.id.clone(),
        resource,
        operation: "delete".into(),
        reason: ask.reason.clone(),
        bound_config_digest: plan.config_digest,
        bound_before_digest: before.to_owned(),
        bound_after_digest: String::new(),
        approved_by: approver.to_owned(),
        created_at: time::unix_ms(),
        consumed_at: None,
        consumed_by_operation: None,
    };
    match files.put_new(&path, &serde_json::to_vec(&approval).unwrap_or_default()).await {
        Ok(()) => {
            observe!("approver.approved", approval = ask.id, graph = ask.graph);
            Ok(())
        }
        // A concurrent retry of the same client was faster.
        Err(PutError::Taken) => Ok(()),
        Err(error) => Err(Refusal::Later(chain(&error))),
    }
}
