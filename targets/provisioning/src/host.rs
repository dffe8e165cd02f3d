//! The code that all handlers share: it creates the row, calls the backend, and refuses requests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chaosdrill_rt::{
    defect, fail_point, http, observe, task,
    time::{self, Duration},
};
use serde_json::json;
use tokio::sync::watch;

use crate::{
    answer::{accept, refuse, say},
    cipher::Key,
    circuit::Circuit,
    client::Backend,
    error::{ProvisionError, chain},
    guidance,
    resource::{Resource, ResourceType, Status},
    store::{Begun, Stage, Store},
    wire::{Ask, Object},
};

/// The configuration of a handler host.
#[derive(Clone, Debug)]
pub struct HandlerConfig {
    /// Its name in leases.
    pub name: String,
    /// The database of the resources.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// The address of the backend, such as `backend:80`.
    pub backend: String,
    /// The key that encrypts connection URLs, in 64 hex digits. It is parsed only when it is needed.
    pub key: String,
    /// Maximum resources of a team.
    pub quota: i64,
    /// How long a pending resource belongs to this host without a heartbeat.
    pub lease: Duration,
    /// The interval of heartbeats.
    pub heartbeat: Duration,
    /// Maximum time for the backend to create an object. The sweep's grace must be longer.
    pub create_timeout: Duration,
    /// Maximum wait of a response for the audit.
    pub audit_patience: Duration,
}

impl HandlerConfig {
    /// The defaults: port 80, 10 resources per team, a lease of 2 min with a heartbeat every 30 s, 20 min for the
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

/// The context of a request, for as long as its client waits.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    #[cfg_attr(
        not(feature = "defects"),
        expect(dead_code, reason = "the work goes on without the client; only a planted bug asks")
    )]
    is_alive: watch::Receiver<()>,
}

impl Context {
    /// The context of a request whose client waits until the sender of `is_alive` is dropped.
    pub(crate) fn new(is_alive: watch::Receiver<()>) -> Self {
        Self { is_alive }
    }

    /// Whether an object is taken down when its resource has failed: always, even if the client is gone.
    pub(crate) fn cleans_up(&self) -> bool {
        defect!("R20", self.is_alive.has_changed().is_ok(), true)
    }
}

/// The state that all handlers share.
pub(crate) struct Host {
    pub(crate) config: HandlerConfig,
    pub(crate) store: Store,
    pub(crate) backend: Backend,
    circuit: Mutex<Circuit>,
}

/// A row that this request has created. Heartbeats hold it until this is dropped.
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
    /// The shared state of all handlers.
    pub(crate) fn new(config: HandlerConfig, store: Store, backend: Backend) -> Self {
        Self { config, store, backend, circuit: Mutex::default() }
    }

    /// Creates and holds a row for a request. Returns a response as the error if there is none to create.
    pub(crate) async fn create_resource(
        &self,
        of: ResourceType,
        ask: &Ask,
    ) -> Result<Created, http::Response> {
        let resource = match self.store.begin(of, ask, self.config.quota).await {
            Ok(Begun::Created(resource)) => resource,
            Ok(Begun::Existing(resource)) => return Err(self.again(&resource)),
            Ok(Begun::OverQuota) => {
                observe!("handler.over_quota", request = ask.request_id);
                return Err(refuse(429, guidance::QUOTA_EXCEEDED, None));
            }
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
                let is_over = defect!("R31", true, is_over);
                // A failed heartbeat is retried; a row that this request no longer holds needs none.
                if is_over || matches!(store.beat(&row).await, Ok(false)) {
                    return;
                }
            }
        });
        Ok(Created { resource, _hold: hold })
    }

    /// The response to a repeated request.
    fn again(&self, resource: &Resource) -> http::Response {
        match resource.status {
            Status::Pending if defect!("R66", false, resource.resource_type.is_built_later()) => {
                accept(&resource.id)
            }
            Status::Pending => refuse(503, guidance::IN_PROGRESS, Some(&resource.id)),
            Status::Active => match self.url_of(resource) {
                Ok(url) => self.created(resource, defect!("R36", None, url.as_deref())),
                Err(_) => refuse(503, guidance::STORE_UNAVAILABLE, Some(&resource.id)),
            },
            _ => refuse(410, guidance::GONE, Some(&resource.id)),
        }
    }

    /// Asks the backend for the object of a row; if that fails, the row is rolled back.
    pub(crate) async fn ask_backend(
        &self,
        created: &Created,
        context: &Context,
    ) -> Result<Object, Refused> {
        let resource = &created.resource;
        let made = match fail_point!(crate::failpoints::ROW_CREATED) {
            Ok(()) if self.circuit().is_open() => {
                observe!("circuit.spared", resource = resource.id);
                Err(None)
            }
            Ok(()) => {
                observe!("circuit.asking", resource = resource.id);
                let made = self.backend.create(&resource.id, resource.resource_type).await;
                let made = defect!(
                    "R33",
                    self.backend.create(&resource.id, resource.resource_type).await,
                    made
                );
                observe!("circuit.asked", resource = resource.id, ok = made.is_ok());
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

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The decrypted URL of a resource.
    pub(crate) fn url_of(&self, resource: &Resource) -> Result<Option<String>, ProvisionError> {
        let Some(hidden) = &resource.connection_url else { return Ok(None) };
        let read = || Ok(Some(Key::parse(&self.config.key)?.read(&resource.id, hidden)?));
        defect!("R65", read().or(Ok(None)), read())
    }

    /// The response with the credentials.
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
}

impl Refused {
    /// The resource was rolled back completely.
    pub(crate) fn rolled_back(resource: &Resource) -> Self {
        let status = defect!("R59", 500, 503);
        Self { status, code: guidance::PROVISION_FAILED, resource: resource.id.clone() }
    }

    /// The outcome of the resource is not known yet.
    pub(crate) fn in_progress(resource: &Resource) -> Self {
        Self { status: 503, code: guidance::IN_PROGRESS, resource: resource.id.clone() }
    }

    /// The resource was rolled back, and other requests would fail for a while, too.
    fn unavailable(self) -> Self {
        match self.code {
            guidance::PROVISION_FAILED => Self { code: guidance::PROVISIONER_UNAVAILABLE, ..self },
            _ => self,
        }
    }
}
