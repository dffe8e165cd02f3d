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
    store::{self, Store},
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
    /// Maximum number of resources, and of leaks, per pass.
    pub batch: u32,
}

impl ReaperConfig {
    /// The defaults: every minute, 100 resources and leaks.
    pub fn new(database_url: impl Into<String>, backend: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            backend: backend.into(),
            every: Duration::from_secs(60),
            batch: 100,
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
    let reaper = Reaper { config, store, backend };
    loop {
        if let Err(error) = reaper.pass().await {
            observe!("reaper.pass_failed", error = chain(&error));
        }
        time::sleep(reaper.config.every).await;
    }
}

struct Reaper {
    config: ReaperConfig,
    store: Store,
    backend: Backend,
}

impl Reaper {
    /// Does all three parts of the work, whichever of them fails.
    async fn pass(&self) -> Result<(), ProvisionError> {
        defect!("R30", return Ok(()), ());
        let due = self.end_what_is_due().await;
        let so_far = due.and(self.tear_down_what_has_ended().await);
        let so_far = defect!("R56", Ok(so_far?), so_far);
        so_far.and(self.clear_leaks().await)
    }

    async fn end_what_is_due(&self) -> Result<(), ProvisionError> {
        let numbers = [time::unix_ms(), self.config.batch.into()];
        let due = self.store.rows(self.store.sql.reaper_due, &numbers).await?;
        for resource in defect!("R30b", Vec::new(), due) {
            if let Err(error) = self.store.close(&resource, Status::Reaped).await {
                observe!("reaper.row_failed", resource = resource.id, error = chain(&error));
            }
        }
        Ok(())
    }

    async fn tear_down_what_has_ended(&self) -> Result<(), ProvisionError> {
        let batch = [self.config.batch.into()];
        for resource in self.store.rows(self.store.sql.reaper_closed, &batch).await? {
            if let Err(error) = self.tear_down(&resource).await {
                let id = &resource.id;
                observe!("reaper.row_failed", resource = id, error = chain(&error));
                self.store.put_behind(store::TEARDOWNS, id).await;
                defect!("R56", return Err(error), ());
            }
        }
        Ok(())
    }

    async fn clear_leaks(&self) -> Result<(), ProvisionError> {
        let leaks = self.store.leaks(self.config.batch).await?;
        for (token, of) in defect!("R30c", Vec::new(), leaks) {
            let is_cleared = self.backend.delete(&token, &of).await.is_ok();
            if let Err(error) = self.store.leak_tried(&token, is_cleared).await {
                observe!("reaper.row_failed", resource = token, error = chain(&error));
            }
            if !is_cleared {
                self.store.put_behind(store::LEAKS, &token).await;
            }
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
            // A later pass retries.
            if defect!("R20c", false, true) {
                self.store.put_behind(store::TEARDOWNS, id).await;
                return Ok(());
            }
        }
        fail_point!(failpoints::TORN_DOWN)?;
        self.store.finish(resource).await
    }
}
