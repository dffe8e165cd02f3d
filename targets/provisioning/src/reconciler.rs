//! The reconciler: settles rows that were left pending. A complete resource that answers becomes active; any other is
//! rolled back.

use chaosdrill_kit::Program;
use chaosdrill_rt::{
    defect, fail_point, observe,
    time::{self, Duration},
};

use crate::{
    BoxError,
    cipher::Key,
    client::Backend,
    error::{ProvisionError, chain},
    failpoints,
    resource::Resource,
    rollback::clean_up,
    start,
    store::{self, Failure, Stage, Store, millis},
};

/// The configuration of a reconciler.
#[derive(Clone, Debug)]
pub struct ReconcilerConfig {
    /// Its name in leases.
    pub name: String,
    /// The database of the resources.
    pub database_url: String,
    /// The address of the backend.
    pub backend: String,
    /// The key that encrypts connection URLs.
    pub key: String,
    /// The pause between two passes.
    pub every: Duration,
    /// The age from which a pending row counts as stuck.
    pub stuck_after: Duration,
    /// The age from which an undecidable row is rolled back, too.
    pub undecided_max: Duration,
    /// How long this host holds a row that it rolls back.
    pub lease: Duration,
    /// Maximum number of rows per pass.
    pub batch: u32,
}

impl ReconcilerConfig {
    /// The defaults: every 2 min, rows older than 5 min, at most 15 min undecided, a lease of 2 min, 100 rows per
    /// pass.
    pub fn new(
        name: impl Into<String>,
        database_url: impl Into<String>,
        backend: impl Into<String>,
        key: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            database_url: database_url.into(),
            backend: backend.into(),
            key: key.into(),
            every: Duration::from_secs(2 * 60),
            stuck_after: Duration::from_secs(5 * 60),
            undecided_max: Duration::from_secs(15 * 60),
            lease: Duration::from_secs(2 * 60),
            batch: 100,
        }
    }
}

/// Runs a reconciler, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_reconciler(config: ReconcilerConfig) -> Program<'static> {
    Box::pin(reconciler(config))
}

async fn reconciler(config: ReconcilerConfig) -> Result<(), BoxError> {
    let (pool, sql) = start::open("reconciler", &config.database_url).await?;
    let program = format!("reconciler {}", config.name);
    let store = Store::new(pool, sql, &program, config.lease);
    let backend = Backend::new(&config.backend, Duration::ZERO);
    let reconciler = Reconciler { config, store, backend };
    loop {
        if let Err(error) = reconciler.pass().await {
            observe!("reconciler.pass_failed", error = chain(&error));
        }
        time::sleep(reconciler.config.every).await;
    }
}

struct Reconciler {
    config: ReconcilerConfig,
    store: Store,
    backend: Backend,
}

/// What is known of a row that was left pending.
enum Verdict {
    /// It is complete and answers; the backend may know its id.
    Reachable(Option<String>),
    /// It will never answer.
    Unreachable,
    /// It cannot be decided yet.
    Undecidable,
}

impl Reconciler {
    async fn pass(&self) -> Result<(), ProvisionError> {
        defect!("R28", return Ok(()), ());
        let now = time::unix_ms();
        let stuck = now.saturating_sub(millis(self.config.stuck_after));
        // Another reconciler may have looked at it just now.
        let looked_at = now.saturating_sub(millis(self.config.every / 2));
        let numbers = [stuck, lapsed_by(now), looked_at, self.config.batch.into()];
        let candidates = self.store.sql.reconcile_candidates;
        for resource in self.store.rows(candidates, &numbers).await? {
            // One row that cannot be settled does not keep the others waiting.
            if let Err(error) = self.reconcile(resource).await {
                observe!("reconciler.row_failed", error = chain(&error));
            }
        }
        self.write_missing_audits().await
    }

    async fn reconcile(&self, resource: Resource) -> Result<(), ProvisionError> {
        let age = time::unix_ms().saturating_sub(resource.created_at);
        let is_too_old = defect!("R16", false, age > millis(self.config.undecided_max));
        let verdict = self.judge(&resource).await;
        fail_point!(failpoints::DECIDED)?;
        match verdict {
            Verdict::Reachable(provider) => {
                let lapsed_by = lapsed_by(time::unix_ms());
                if self.store.promote(&resource, provider, lapsed_by).await? {
                    observe!("reconciler.promoted", resource = resource.id);
                }
                Ok(())
            }
            Verdict::Undecidable if !is_too_old => {
                observe!("reconciler.undecided", resource = resource.id);
                self.store.stamp(&resource).await
            }
            Verdict::Undecidable | Verdict::Unreachable => self.abandon(resource).await,
        }
    }

    async fn judge(&self, resource: &Resource) -> Verdict {
        if resource.doomed {
            return Verdict::Unreachable;
        }
        let url = match &resource.connection_url {
            None => return defect!("R15", Verdict::Reachable(None), Verdict::Undecidable),
            Some(hidden) => {
                let key = Key::parse(&self.config.key);
                key.and_then(|key| key.read(&resource.id, hidden))
            }
        };
        match url {
            Err(_) => Verdict::Undecidable,
            Ok(_) if !resource.resource_type.has_backend() => Verdict::Reachable(None),
            Ok(url) => match self.backend.probe(&url, resource.resource_type).await {
                Ok(probed) if probed.reachable => Verdict::Reachable(probed.provider_resource_id),
                Ok(_) => Verdict::Unreachable,
                Err(_) => Verdict::Undecidable,
            },
        }
    }

    /// Takes over a row, and rolls it back.
    async fn abandon(&self, resource: Resource) -> Result<(), ProvisionError> {
        let lapsed_by = lapsed_by(time::unix_ms());
        let Some(resource) = self.store.take(&resource, lapsed_by).await? else { return Ok(()) };
        fail_point!(failpoints::TAKEN_OVER)?;
        let leak = clean_up(&self.backend, &resource).await;
        // A handler that died during its own rollback has left the reason in the row.
        let known = resource.failed_stage.as_deref().and_then(Stage::of);
        let stage = defect!("R25", None, known).unwrap_or(Stage::Reconcile);
        let why = resource.last_error.as_deref().unwrap_or("nobody finished it");
        let failure = Failure { stage, why, by_reconciler: true, leak: leak.as_deref() };
        if self.store.fail(&resource, &failure).await? {
            observe!("reconciler.abandoned", resource = resource.id);
        }
        Ok(())
    }

    /// Writes audits that failed to be written at their time.
    async fn write_missing_audits(&self) -> Result<(), ProvisionError> {
        defect!("R28b", return Ok(()), ());
        let batch = [self.config.batch.into()];
        for resource in self.store.rows(self.store.sql.audit_missing, &batch).await? {
            let known = resource.failed_stage.as_deref().and_then(Stage::of);
            let stage = known.unwrap_or(Stage::Finalize);
            if let Err(error) = self.store.audit(stage.audit(), &resource).await {
                observe!("reconciler.row_failed", error = chain(&error));
                self.store.put_behind(store::AUDITS, &resource.id).await;
            }
        }
        Ok(())
    }
}

/// Leases that end by this instant may be taken over.
fn lapsed_by(now_ms: i64) -> i64 {
    defect!("R14", i64::MAX, now_ms)
}
