//! The reaper: deletes the objects of ended resources, and retries leaked objects until they are deleted.

use chaosdrill_kit::Program;
use chaosdrill_rt::{
    defect, fail_point, observe,
    time::{self, Duration},
};

use crate::{
    BoxError,
    client::Backend,
    error::{ProvisionError, chain},
    failpoints,
    resource::{Resource, Status},
    start,
    store::Store,
};

/// The configuration of a reaper.
#[derive(Clone, Debug)]
pub struct ReaperConfig {
    /// The database of the resources.
    pub database_url: String,
    /// The address of the backend.
    pub backend: String,
    /// The pause between two passes.
    pub every: Duration,
}

impl ReaperConfig {
    /// The defaults: every minute.
    pub fn new(database_url: impl Into<String>, backend: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            backend: backend.into(),
            every: Duration::from_secs(60),
        }
    }
}

/// Runs a reaper, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_reaper(config: ReaperConfig) -> Program<'static> {
    Box::pin(reaper(config))
}

async fn reaper(config: ReaperConfig) -> Result<(), BoxError> {
    let (pool, sql) = start::open("reaper", &config.database_url).await?;
    let store = Store::new(pool, sql, "reaper", Duration::ZERO);
    let backend = Backend::new(&config.backend, Duration::ZERO);
    let reaper = Reaper { store, backend };
    loop {
        if let Err(error) = reaper.pass().await {
            observe!("reaper.pass_failed", error = chain(&error));
        }
        time::sleep(config.every).await;
    }
}

struct Reaper {
    store: Store,
    backend: Backend,
}

impl Reaper {
    async fn pass(&self) -> Result<(), ProvisionError> {
        defect!("R30", return Ok(()), ());
        let due = self.store.rows(self.store.sql.reaper_due, &[time::unix_ms()]).await?;
        for resource in defect!("R30b", Vec::new(), due) {
            self.store.close(&resource, Status::Reaped).await?;
        }
        for resource in self.store.rows(self.store.sql.reaper_closed, &[]).await? {
            self.tear_down(&resource).await?;
        }
        let leaks = self.store.leaks().await?;
        for (token, of) in defect!("R30c", Vec::new(), leaks) {
            let is_cleared = self.backend.delete(&token, &of).await.is_ok();
            self.store.leak_tried(&token, is_cleared).await?;
        }
        Ok(())
    }

    /// Deletes an object, and only then records the deletion in the row.
    async fn tear_down(&self, resource: &Resource) -> Result<(), ProvisionError> {
        let (id, of) = (&resource.id, resource.resource_type);
        if of.has_backend()
            && let Err(error) = self.backend.delete(id, of.name()).await
        {
            let close_as = resource.close_as.as_deref().unwrap_or_default();
            observe!(
                "reaper.teardown_failed",
                resource = id,
                wanted = close_as,
                error = chain(&error)
            );
            // The next pass retries.
            if defect!("R20c", false, true) {
                return Ok(());
            }
        }
        fail_point!(failpoints::TORN_DOWN)?;
        self.store.finish(resource).await
    }
}
