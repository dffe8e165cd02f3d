//! The sweep: deletes objects of the backend that belong to no resource.

use std::collections::BTreeSet;

use chaosdrill_kit::Program;
use chaosdrill_rt::{
    defect, fail_point, observe,
    time::{self, Duration},
};

use crate::{
    BoxError,
    client::Backend,
    error::{ProvisionError, chain},
    failpoints, start,
    store::{Store, millis},
};

/// The configuration of a sweep.
#[derive(Clone, Debug)]
pub struct SweepConfig {
    /// The database of the resources.
    pub database_url: String,
    /// The address of the backend.
    pub backend: String,
    /// The pause between two passes.
    pub every: Duration,
    /// Younger objects are kept; longer than the longest provisioning.
    pub grace: Duration,
}

impl SweepConfig {
    /// The defaults: every 15 min, objects older than 1 h.
    pub fn new(database_url: impl Into<String>, backend: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            backend: backend.into(),
            every: Duration::from_secs(15 * 60),
            grace: Duration::from_secs(60 * 60),
        }
    }
}

/// Runs a sweep, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_sweep(config: SweepConfig) -> Program<'static> {
    Box::pin(sweep(config))
}

async fn sweep(config: SweepConfig) -> Result<(), BoxError> {
    let (pool, sql) = start::open("sweep", &config.database_url).await?;
    let store = Store::new(pool, sql, "sweep", Duration::ZERO);
    let backend = Backend::new(&config.backend, Duration::ZERO);
    loop {
        if let Err(error) = pass(&config, &store, &backend).await {
            observe!("sweep.skipped", error = chain(&error));
        }
        time::sleep(config.every).await;
    }
}

async fn pass(
    config: &SweepConfig,
    store: &Store,
    backend: &Backend,
) -> Result<(), ProvisionError> {
    defect!("R29", return Ok(()), ());
    // Objects are listed first: a row exists before its object does.
    let objects = backend.list().await?;
    let living = store.living().await;
    // Without the list of live resources, no object is known to be orphaned.
    let living = defect!("R18b", living.or(Ok::<_, ProvisionError>(Vec::new())), living)?;
    fail_point!(failpoints::LISTED)?;
    let living: BTreeSet<String> = living.into_iter().collect();
    let grace = defect!("R18", 0, millis(config.grace));
    let old_enough = time::unix_ms().saturating_sub(grace);
    let orphans = objects
        .into_iter()
        .filter(|object| object.created_at <= old_enough && !living.contains(&object.token));
    for object in orphans {
        observe!("sweep.deleting", token = object.token);
        if let Err(error) = backend.delete(&object.token, &object.resource_type).await {
            // The next pass retries.
            observe!("sweep.delete_failed", token = object.token, error = chain(&error));
        }
    }
    Ok(())
}
