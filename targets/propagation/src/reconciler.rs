//! The reconciler, a backstop: updates resources that are not known to be up to date and have no open propagation.

use chaosdrill_kit::chain;
use chaosdrill_rt::{
    defect, observe,
    time::{Duration, Instant},
};
use sqlx::any::AnyRow;

use crate::{
    dispatch::{Dispatcher, Resource},
    error::{PipelineError, storage},
    jobs::Moment,
    skips,
    stop::Stop,
};

/// Time limit of the call for one resource.
const CALL_MAX: Duration = Duration::from_secs(30);

/// The reconciler of one worker.
#[derive(Clone, Debug)]
pub(crate) struct Reconciler {
    pub(crate) dispatcher: Dispatcher,
    /// Maximum number of resources per round.
    pub(crate) batch: u32,
    /// Whether the last round failed.
    #[cfg(feature = "defects")]
    pub(crate) has_failed: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Reconciler {
    /// Runs one round. A resource that fails is retried in a later round, after those that were not asked for since.
    pub(crate) async fn round(&self, moment: Moment, stop: &Stop) -> Result<(), PipelineError> {
        for resource in self.drifted().await? {
            if stop.is_near() {
                break;
            }
            let token = resource.token.clone();
            defect!("P36", (), self.look_at(&token, moment).await?);
            observe!("reconciler.asking", token = token);
            if let Err(error) = self.mend(resource, stop).await {
                observe!("reconciler.failed", token = token, error = error);
            }
        }
        Ok(())
    }

    /// A round that is skipped if the last one failed.
    #[cfg(feature = "defects")]
    pub(crate) async fn wrong_round(
        &self,
        moment: Moment,
        stop: &Stop,
    ) -> Result<(), PipelineError> {
        use std::sync::atomic::Ordering::SeqCst;
        if self.has_failed.swap(false, SeqCst) {
            return Ok(());
        }
        let done = self.round(moment, stop).await;
        self.has_failed.store(done.is_err(), SeqCst);
        done
    }

    async fn mend(&self, resource: Resource, stop: &Stop) -> Result<(), String> {
        let wish = format!("reconciler/{}/{}", resource.token, resource.generation);
        let deadline = Instant::now() + defect!("P37", crate::jobs::JOB_TIMEOUT, CALL_MAX);
        let answer = self.dispatcher.ask(&wish, &resource, deadline, stop).await;
        let answer = answer.map_err(|error| error.line())?;
        if !answer.applied && !skips::is_allowed(&answer.skip_reason) {
            return Err(crate::scrub::scrub(&format!("skipped: {}", answer.skip_reason)));
        }
        let done = resource.done(&answer);
        let saved = sqlx::query(self.dispatcher.sql.resources_applied)
            .bind(done.token.clone())
            .bind(done.generation)
            .bind(done.conn_limit)
            .execute(&self.dispatcher.pool)
            .await;
        saved.map_err(|error| crate::scrub::scrub(&chain(&error)))?;
        observe!("reconciler.mended", token = done.token, generation = done.generation);
        Ok(())
    }

    /// Records that it is the resource's turn: others come first in the next round, however this one ends.
    async fn look_at(&self, token: &str, moment: Moment) -> Result<(), PipelineError> {
        sqlx::query(self.dispatcher.sql.resources_looked_at)
            .bind(token.to_owned())
            .bind(moment.now_ms)
            .execute(&self.dispatcher.pool)
            .await
            .map_err(storage("look at a resource"))?;
        Ok(())
    }

    async fn drifted(&self) -> Result<Vec<Resource>, PipelineError> {
        let failed = storage("look for drift");
        let rows: Vec<AnyRow> = sqlx::query(self.dispatcher.sql.resources_drifted)
            .bind(defect!("P54", i64::MAX, i64::from(self.batch)))
            .fetch_all(&self.dispatcher.pool)
            .await
            .map_err(&failed)?;
        rows.iter().map(Resource::read).collect::<Result<_, _>>().map_err(failed)
    }
}
