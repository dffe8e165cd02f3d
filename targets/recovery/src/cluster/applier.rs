//! The applier: carries out commands of operators over HTTP.
//!
//! `POST /apply` with `{"id", "config"}`, `/refresh` with `{"id"}`, `/import` with `{"id", "graphs"}` and
//! `/force-unlock` with `{"id", "lock_id"}`. Every command may be retried: it names the desired state, not the steps.
//! The status says what the client should do: 200 is done, 503 retry, 423 wait for the lock, 409 fix something first,
//! 422 give up.

use std::{collections::BTreeSet, sync::Arc};

use chaosdrill_kit::Program;
use chaosdrill_rt::{http, net::TcpListener, time::Duration};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    ask::Ask,
    files::Files,
    handle::Cluster,
    lock,
    model::{Config, SIDECAR_VERSION},
    report::{Outcome, Report},
};
use crate::BoxError;

/// The configuration of an applier.
#[derive(Clone, Debug)]
pub struct ApplierConfig {
    /// The store of the cluster.
    pub store_url: String,
    /// The actor name of its operations. No other applier that runs at the same time may have it.
    pub actor: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// Whether its commands acquire the lock; without it, only the compare-and-swap protects the ledger.
    pub locking: bool,
    /// The age from which an operator may break a lock; longer than any command takes.
    pub lease: Duration,
    /// The version of sidecars that it writes, and the newest that it reads.
    pub sidecar_version: u32,
    /// Whether it records the embedding profile; older releases did not.
    pub writes_profiles: bool,
}

impl ApplierConfig {
    /// The defaults: port 80, with the lock, and locks may be broken after five minutes.
    pub fn new(store_url: impl Into<String>, actor: impl Into<String>) -> Self {
        Self {
            store_url: store_url.into(),
            actor: actor.into(),
            listen: "0.0.0.0:80".into(),
            locking: true,
            lease: Duration::from_secs(300),
            sidecar_version: SIDECAR_VERSION,
            writes_profiles: true,
        }
    }
}

/// Runs an applier, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_applier(config: ApplierConfig) -> Program<'static> {
    Box::pin(applier(config))
}

async fn applier(config: ApplierConfig) -> Result<(), BoxError> {
    let cluster = Arc::new(Cluster {
        files: Files::open(&config.store_url)?,
        actor: config.actor,
        locking: config.locking,
        lease: config.lease,
        sidecar_version: config.sidecar_version,
        writes_profiles: config.writes_profiles,
    });
    let listener = TcpListener::bind("applier", &config.listen).await?;
    let answer = move |request: http::Request| {
        let cluster = cluster.clone();
        async move { answer(&cluster, &request).await }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Apply {
    id: String,
    config: Config,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    id: String,
    graphs: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForceUnlock {
    #[expect(dead_code, reason = "every command has an id of its own, for the record")]
    id: String,
    lock_id: String,
}

async fn answer(cluster: &Cluster, request: &http::Request) -> http::Response {
    let asked = match request.path.as_str() {
        "/apply" => parse(request).map(|Apply { id, config }| (id, Ask::Apply(config))),
        "/refresh" => parse(request).map(|Refresh { id }| (id, Ask::Refresh)),
        "/import" => parse(request).map(|Import { id, graphs }| (id, Ask::Import(graphs))),
        "/force-unlock" => return force_unlock(cluster, request).await,
        _ => return http::Response::new(404, "nothing is here"),
    };
    match asked {
        Ok((id, ask)) => say(&cluster.execute(&id, &ask).await),
        Err(refusal) => refusal,
    }
}

async fn force_unlock(cluster: &Cluster, request: &http::Request) -> http::Response {
    let lock_id = match parse::<ForceUnlock>(request) {
        Ok(ask) => ask.lock_id,
        Err(refusal) => return refusal,
    };
    match lock::force_unlock(&cluster.files, &lock_id, cluster.lease, &cluster.actor).await {
        Ok(()) => http::Response::new(200, "{}"),
        Err(why) => http::Response::new(409, json!({ "error": why }).to_string()),
    }
}

fn parse<T: DeserializeOwned>(request: &http::Request) -> Result<T, http::Response> {
    serde_json::from_slice(&request.body).map_err(|error| {
        http::Response::new(422, json!({ "error": error.to_string() }).to_string())
    })
}

fn say(report: &Report) -> http::Response {
    let status = match report.outcome {
        Outcome::Converged => 200,
        Outcome::Retry => 503,
        Outcome::Blocked => 409,
        Outcome::Locked => 423,
    };
    http::Response::new(status, serde_json::to_vec(report).unwrap_or_default())
}
