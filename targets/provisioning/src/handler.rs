//! The handlers' host: requests over HTTP, and what handlers of all types share.
//!
//! `POST /provision/{type}` with an [`Ask`] makes a resource: 201 with its credentials, or a code and what an agent is
//! to do. `POST /show` and `POST /delete` with a [`Which`], and `POST /hold` with a [`Hold`], are about one that is
//! there. A client that closes its connection ends its own request, and not the work that it began.

use std::sync::{Arc, Mutex};

use chaosdrill_rt::{
    fail_point, http,
    net::TcpListener,
    observe, task,
    time::{self, Duration},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    BoxError, audit,
    cipher::Key,
    client::Backend,
    error::{ProvisionError, chain},
    guidance, handlers,
    resource::{Resource, ResourceType, Status},
    start,
    store::{Begun, Stage, Store},
    wire::{Ask, Hold, Object, Which},
};

/// How a host of handlers works.
#[derive(Clone, Debug)]
pub struct HandlerConfig {
    /// Its name in leases.
    pub name: String,
    /// The database of the resources.
    pub database_url: String,
    /// Where it listens, such as `0.0.0.0:80`.
    pub listen: String,
    /// The address of the backend, such as `backend:80`.
    pub backend: String,
    /// The key under which connection URLs are hidden, in 64 hex digits. It is read when it is needed.
    pub key: String,
    /// How many resources a team may have.
    pub quota: i64,
    /// How long a pending resource is this host's without a sign of life.
    pub lease: Duration,
    /// How often a sign of life is given.
    pub heartbeat: Duration,
    /// How long the backend may take to make an object. The sweep's grace must be longer.
    pub create_timeout: Duration,
    /// How long an answer waits for the audit.
    pub audit_patience: Duration,
}

impl HandlerConfig {
    /// The defaults: port 80, 10 resources for a team, a lease of 2 min with a sign of life each 30 s, 20 min for the
    /// backend, 2 s for the audit.
    pub fn new(
        name: impl Into<String>,
        database_url: impl Into<String>,
        backend: impl Into<String>,
        key: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            database_url: database_url.into(),
            listen: "0.0.0.0:80".into(),
            backend: backend.into(),
            key: key.into(),
            quota: 10,
            lease: Duration::from_secs(2 * 60),
            heartbeat: Duration::from_secs(30),
            create_timeout: Duration::from_secs(20 * 60),
            audit_patience: Duration::from_secs(2),
        }
    }
}

/// Runs a host of handlers, for ever.
///
/// # Errors
///
/// Only where it cannot start.
pub async fn run_handler(config: HandlerConfig) -> Result<(), BoxError> {
    let (pool, sql) = start::open("handler", &config.database_url).await?;
    audit::observe_registry();
    guidance::observe_registry();
    let store = Store::new(pool, sql, &config.name, config.lease);
    let backend = Backend::new(&config.backend, config.create_timeout);
    let listener = TcpListener::bind("handler", &config.listen).await?;
    let host = Arc::new(Host { config, store, backend, circuit: Mutex::default() });
    let answer = move |request: http::Request| {
        let host = host.clone();
        async move {
            // This future ends when the client is gone. The work does not: it is a task of its own.
            let (alive, is_alive) = watch::channel(());
            let context = Context { is_alive };
            let work = task::spawn(async move { host.answer(&request, &context).await });
            let answer = work.await.unwrap_or_else(|_| refuse(503, guidance::IN_PROGRESS, None));
            drop(alive);
            answer
        }
    };
    http::serve_cancel_on_disconnect(listener, answer).await?;
    Ok(())
}

/// A request, as long as its client waits.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    is_alive: watch::Receiver<()>,
}

impl Context {
    /// Whether the client is gone.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.is_alive.has_changed().is_err()
    }
}

/// What handlers share.
pub(crate) struct Host {
    pub(crate) config: HandlerConfig,
    pub(crate) store: Store,
    pub(crate) backend: Backend,
    circuit: Mutex<Circuit>,
}

/// A row that this request has made, held by signs of life until this is dropped.
pub(crate) struct Created {
    pub(crate) resource: Resource,
    _hold: watch::Sender<()>,
}

/// Why a resource was not provisioned.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) resource: String,
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
                let of = path.strip_prefix("/provision/").and_then(ResourceType::of);
                match (of, read::<Ask>(request)) {
                    (None, _) => refuse(404, guidance::NOT_FOUND, None),
                    (_, Err(answer)) => answer,
                    (_, Ok(ask)) if !ask.is_sane() => refuse(422, guidance::INVALID, None),
                    (Some(of), Ok(ask)) => handlers::provision(&self, of, &ask, context).await,
                }
            }
        }
    }

    /// Makes a row for a wish and holds it; an answer where there is nothing to make.
    pub(crate) async fn create_resource(
        &self,
        of: ResourceType,
        ask: &Ask,
    ) -> Result<Created, http::Response> {
        let resource = match self.store.begin(of, ask, self.config.quota).await {
            Ok(Begun::Created(resource)) => resource,
            Ok(Begun::Existing(resource)) => return Err(self.again(&resource)),
            Ok(Begun::OverQuota) => return Err(refuse(429, guidance::QUOTA_EXCEEDED, None)),
            Err(error) => {
                observe!("handler.begin_failed", error = chain(&error));
                return Err(refuse(503, guidance::STORE_UNAVAILABLE, None));
            }
        };
        let (hold, mut is_held) = watch::channel(());
        let (store, every) = (self.store.clone(), self.config.heartbeat);
        let row = resource.clone();
        task::spawn(async move {
            loop {
                let is_over = time::timeout(every, is_held.changed()).await.is_ok();
                // An error may pass; a row that is not this hand's any more needs no sign of life.
                if is_over || matches!(store.beat(&row).await, Ok(false)) {
                    return;
                }
            }
        });
        Ok(Created { resource, _hold: hold })
    }

    /// The answer to a request that was sent before.
    fn again(&self, resource: &Resource) -> http::Response {
        match resource.status {
            Status::Pending => refuse(503, guidance::IN_PROGRESS, Some(&resource.id)),
            Status::Active => match self.url_of(resource) {
                Ok(url) => self.created(resource, url.as_deref()),
                Err(_) => refuse(503, guidance::STORE_UNAVAILABLE, Some(&resource.id)),
            },
            _ => refuse(410, guidance::GONE, Some(&resource.id)),
        }
    }

    /// Asks the backend for the object of a row; where that fails, the row is undone.
    pub(crate) async fn ask_backend(
        &self,
        created: &Created,
        context: &Context,
    ) -> Result<Object, Refused> {
        let resource = &created.resource;
        let made = match fail_point!(crate::failpoints::ROW_CREATED) {
            Ok(()) if self.circuit().is_open() => Err(None),
            Ok(()) => {
                let made = self.backend.create(&resource.id, resource.resource_type).await;
                self.circuit().note(made.is_ok());
                made.map_err(|error| Some(ProvisionError::from(error)))
            }
            Err(injected) => Err(Some(injected.into())),
        };
        match made {
            Ok(object) => Ok(object),
            Err(error) => {
                let why = error.map_or("the circuit is open".to_owned(), |error| chain(&error));
                match self.roll_back(resource, Stage::Create, &why, context).await {
                    Ok(_) => Err(Refused::in_progress(resource)),
                    Err(refused) if self.circuit().is_open() => Err(refused.unavailable()),
                    Err(refused) => Err(refused),
                }
            }
        }
    }

    fn circuit(&self) -> std::sync::MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The URL of a resource, readable.
    fn url_of(&self, resource: &Resource) -> Result<Option<String>, ProvisionError> {
        let Some(hidden) = &resource.connection_url else { return Ok(None) };
        Ok(Some(Key::parse(&self.config.key)?.read(&resource.id, hidden)?))
    }

    /// The answer with credentials.
    pub(crate) fn created(&self, resource: &Resource, url: Option<&str>) -> http::Response {
        observe!("provision.answered", resource = resource.id, status = 201);
        let body = json!({
            "resource_id": resource.id,
            "connection_url": url,
            "key_prefix": resource.key_prefix,
            "provider_resource_id": resource.provider_resource_id,
        });
        say(201, &body)
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
        let body = json!({
            "resource_id": resource.id,
            "status": resource.status.name(),
            "connection_url": url,
        });
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

/// The answer to a wish for a change: done now or before, not to be done, or not known.
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

impl Refused {
    /// Nothing of the resource is left.
    pub(crate) fn rolled_back(resource: &Resource) -> Self {
        Self { status: 503, code: guidance::PROVISION_FAILED, resource: resource.id.clone() }
    }

    /// It is not known yet what becomes of it.
    pub(crate) fn in_progress(resource: &Resource) -> Self {
        Self { status: 503, code: guidance::IN_PROGRESS, resource: resource.id.clone() }
    }

    /// Nothing of it is left, and others will fare no better for a while.
    fn unavailable(self) -> Self {
        match self.code {
            guidance::PROVISION_FAILED => Self { code: guidance::PROVISIONER_UNAVAILABLE, ..self },
            _ => self,
        }
    }
}

/// Failures of the backend in a row after which it is spared.
const FAILURES_MAX: u32 = 5;

/// How long it is spared.
const SPARED: Duration = Duration::from_secs(30);

/// Spares a backend that only fails.
#[derive(Debug, Default)]
struct Circuit {
    failures: u32,
    open_until: Option<time::Instant>,
}

impl Circuit {
    fn is_open(&self) -> bool {
        self.open_until.is_some_and(|until| time::Instant::now() < until)
    }

    fn note(&mut self, is_ok: bool) {
        self.failures = if is_ok { 0 } else { self.failures.saturating_add(1) };
        let is_too_much = self.failures >= FAILURES_MAX;
        self.open_until = is_too_much.then(|| time::Instant::now() + SPARED);
    }
}

/// An answer with a code, and with what an agent is to do.
pub(crate) fn refuse(status: u16, code: &str, resource: Option<&str>) -> http::Response {
    let mut body = json!({ "error": code });
    if let Some(action) = guidance::agent_action(status, code) {
        body["agent_action"] = action.into();
    }
    if let Some(resource) = resource {
        body["resource_id"] = resource.into();
    }
    observe!("provision.answered", resource = resource, status = status, code = code);
    say(status, &body)
}

fn say(status: u16, body: &Value) -> http::Response {
    http::Response::new(status, body.to_string())
}

fn read<T: DeserializeOwned>(request: &http::Request) -> Result<T, http::Response> {
    serde_json::from_slice(&request.body).map_err(|_| refuse(422, guidance::INVALID, None))
}
