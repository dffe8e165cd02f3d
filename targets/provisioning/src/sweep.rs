//! The sweep: objects of the backend that belong to no resource are taken down.

use std::collections::BTreeSet;

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

/// How a sweep works.
#[derive(Clone, Debug)]
pub struct SweepConfig {
    /// The database of the resources.
    pub database_url: String,
    /// The address of the backend.
    pub backend: String,
    /// How long it rests between two passes.
    pub every: Duration,
    /// Younger objects are left alone: longer than the longest provision.
    pub grace: Duration,
}

impl SweepConfig {
    /// The defaults: each 15 min, objects older than 1 h.
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
/// Only where it cannot start.
pub async fn run_sweep(config: SweepConfig) -> Result<(), BoxError> {
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
    // The objects first: a row is there before its object is.
    let objects = backend.list().await?;
    let living = store.living().await;
    // Without the living there is no telling who is dead.
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
            // The next pass finds it again.
            observe!("sweep.delete_failed", token = object.token, error = chain(&error));
        }
    }
    Ok(())
}
