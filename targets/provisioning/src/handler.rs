//! The handler host: provisions resources over HTTP, and serves requests about existing ones.
//!
//! `POST /provision/{type}` with an [`Ask`] creates a resource for a team, `POST /anonymous/{type}` one for a customer
//! without an account, and `POST /twin/{type}` with a [`Twin`] one like another: 201 with its credentials, 202 if it is
//! built later, or an error code with instructions for agents. `POST /show` and `POST /delete` with a [`Which`], and
//! `POST /hold` with a [`Hold`], are about an existing one. A client that disconnects ends its own request, but not the
//! work that it began.

use std::sync::Arc;

use chaosdrill_kit::Program;
use chaosdrill_rt::{defect, http, net::TcpListener, task};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    BoxError,
    answer::{refuse, say},
    audit,
    client::Backend,
    error::ProvisionError,
    guidance, handlers,
    host::{Context, HandlerConfig, Host},
    resource::{Resource, ResourceType, Status},
    start,
    store::Store,
    wire::{Ask, Hold, Twin, Which},
};

/// Runs a handler host, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_handler(config: HandlerConfig) -> Program<'static> {
    Box::pin(handler(config))
}

async fn handler(config: HandlerConfig) -> Result<(), BoxError> {
    let (pool, sql) = start::open("handler", &config.database_url).await?;
    audit::observe_registry();
    guidance::observe_registry();
    let store = Store::new(pool, sql, &config.name, config.lease);
    let backend = Backend::new(&config.backend, config.create_timeout);
    let listener = TcpListener::bind("handler", &config.listen).await?;
    let host = Arc::new(Host::new(config, store, backend));
    let answer = move |request: http::Request| {
        let host = host.clone();
        async move {
            // This future ends when the client disconnects. The work is a task of its own, and continues.
            let (alive, is_alive) = watch::channel(());
            let context = Context::new(is_alive);
            let work = task::spawn(async move { host.answer(&request, &context).await });
            let answer = work.await.unwrap_or_else(|_| refuse(503, guidance::IN_PROGRESS, None));
            drop(alive);
            answer
        }
    };
    http::serve_cancel_on_disconnect(listener, answer).await?;
    Ok(())
}

impl Host {
    async fn answer(self: Arc<Self>, request: &http::Request, context: &Context) -> http::Response {
        match request.path.as_str() {
            "/show" => match read::<Which>(request) {
                Ok(which) => self.show(&which).await,
                Err(answer) => answer,
            },
            "/hold" => match read::<Hold>(request) {
                Ok(hold) => self.hold(&hold).await,
                Err(answer) => answer,
            },
            "/delete" => match read::<Which>(request) {
                Ok(which) => self.delete(&which).await,
                Err(answer) => answer,
            },
            path => {
                let (entry, of) = path.rsplit_once('/').unwrap_or_default();
                match (entry, ResourceType::of(of)) {
                    ("/provision", Some(of)) => {
                        let ask = read(request).and_then(paid);
                        self.provision(of, ask, context).await
                    }
                    ("/anonymous", Some(of)) => {
                        let ask = read(request).map(Ask::anonymous);
                        self.provision(of, ask, context).await
                    }
                    ("/twin", Some(of)) => match read::<Twin>(request) {
                        Ok(twin) => handlers::twin(&self, of, &twin, context).await,
                        Err(answer) => answer,
                    },
                    _ => refuse(404, guidance::NOT_FOUND, None),
                }
            }
        }
    }

    async fn provision(
        self: &Arc<Self>,
        of: ResourceType,
        ask: Result<Ask, http::Response>,
        context: &Context,
    ) -> http::Response {
        match ask {
            Err(answer) => answer,
            Ok(ask) if !ask.is_sane() => refuse(422, guidance::INVALID, None),
            Ok(ask) => handlers::provision(self, of, &ask, context).await,
        }
    }

    /// The resource that a twin is to be like.
    pub(crate) async fn original(
        &self,
        of: ResourceType,
        twin: &Twin,
    ) -> Result<Resource, http::Response> {
        let original = self.find(&twin.original).await?;
        let is_fit = original.status == Status::Active && original.resource_type == of;
        let is_fit = defect!("R53", true, is_fit);
        // A customer without an account has nobody who pays for a twin.
        let has_team = defect!("R52", true, !original.team.is_empty());
        if is_fit && has_team {
            Ok(original)
        } else {
            Err(refuse(409, guidance::UNFIT_ORIGINAL, Some(&original.id)))
        }
    }

    async fn find(&self, request: &str) -> Result<Resource, http::Response> {
        match self.store.latest(request).await {
            Ok(Some(resource)) => Ok(resource),
            Ok(None) => Err(refuse(404, guidance::NOT_FOUND, None)),
            Err(_) => Err(refuse(503, guidance::STORE_UNAVAILABLE, None)),
        }
    }

    async fn show(&self, which: &Which) -> http::Response {
        let resource = match self.find(&which.request_id).await {
            Ok(resource) => resource,
            Err(answer) => return answer,
        };
        let url = if resource.status == Status::Active { self.url_of(&resource) } else { Ok(None) };
        let Ok(url) = url else {
            return refuse(503, guidance::STORE_UNAVAILABLE, Some(&resource.id));
        };
        let status = resource.status;
        let shown =
            defect!("R39", if status == Status::Failed { Status::Pending } else { status }, status);
        let mut body = json!({
            "resource_id": resource.id,
            "status": shown.name(),
            "connection_url": url,
        });
        if shown == Status::Failed {
            let code = guidance::PROVISION_FAILED;
            body["error"] = code.into();
            body["agent_action"] = guidance::agent_action(503, code).into();
        }
        say(200, &body)
    }

    async fn hold(&self, hold: &Hold) -> http::Response {
        let status = match hold.hold.as_str() {
            "paused" => Status::Paused,
            "suspended" => Status::Suspended,
            _ => return refuse(422, guidance::INVALID, None),
        };
        let resource = match self.find(&hold.request_id).await {
            Ok(resource) => resource,
            Err(answer) => return answer,
        };
        let is_done = resource.status == status;
        changed(&resource, is_done, &self.store.hold(&resource, status).await)
    }

    async fn delete(&self, which: &Which) -> http::Response {
        let resource = match self.find(&which.request_id).await {
            Ok(resource) => resource,
            Err(answer) => return answer,
        };
        let is_done = matches!(resource.status, Status::Expired | Status::Deleted | Status::Reaped);
        changed(&resource, is_done, &self.store.close(&resource, Status::Deleted).await)
    }
}

/// The response to a change: done now or before, refused, or unknown.
fn changed(
    resource: &Resource,
    is_done: bool,
    result: &Result<bool, ProvisionError>,
) -> http::Response {
    match result {
        Ok(has_changed) if *has_changed || is_done => {
            say(200, &json!({ "resource_id": resource.id }))
        }
        Ok(_) if resource.status == Status::Pending => {
            refuse(503, guidance::IN_PROGRESS, Some(&resource.id))
        }
        Ok(_) => refuse(409, guidance::GONE, Some(&resource.id)),
        Err(_) => refuse(503, guidance::STORE_UNAVAILABLE, Some(&resource.id)),
    }
}

/// The request, if a team pays for it.
fn paid(ask: Ask) -> Result<Ask, http::Response> {
    if ask.team.is_empty() { Err(refuse(422, guidance::INVALID, None)) } else { Ok(ask) }
}

fn read<T: DeserializeOwned>(request: &http::Request) -> Result<T, http::Response> {
    serde_json::from_slice(&request.body).map_err(|_| refuse(422, guidance::INVALID, None))
}
