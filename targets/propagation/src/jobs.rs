//! The jobs of the workers: each is claimed by one worker, and rescued if that worker dies.

use chaosdrill_rt::{
    defect, observe,
    sql::Pool,
    time::{Duration, Instant},
};
use sqlx::{Row, any::AnyRow};

use crate::{
    error::{PipelineError, storage},
    sql::Sql,
};

/// Time limit of a job.
pub(crate) const JOB_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// A running job counts as stuck after this time: longer than any live job can last, and far shorter than the library's
/// own limit, the job's timeout plus one hour.
const RESCUE_AFTER: Duration = Duration::from_secs(25 * 60);

/// A job is no longer rescued after this many executions.
const ATTEMPTS_MAX: i64 = 25;

/// Finished jobs are kept this long: their rows show for which periods a job was created.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// A running job counts as stuck after this time.
pub(crate) fn rescue_after() -> Duration {
    let age = defect!("P10", Duration::from_secs(15 * 60), RESCUE_AFTER);
    defect!("P9", JOB_TIMEOUT + Duration::from_secs(60 * 60), age)
}

/// A kind of periodic job, and its period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Periodic {
    pub(crate) kind: &'static str,
    pub(crate) every: Duration,
    /// The last period for which this worker created the job.
    pub(crate) made: Option<i64>,
}

/// A time of the database's clock, and an instant from before that clock was read. A deadline that is counted from the
/// instant comes sooner than other workers expect, never later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now_ms: i64,
    pub(crate) before: Instant,
}

/// A claimed job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) attempt: i64,
    /// When the job was claimed.
    pub(crate) claimed: Moment,
}

impl Job {
    /// When the job has to end: before another worker may rescue it.
    pub(crate) fn deadline(&self) -> Instant {
        self.claimed.before + JOB_TIMEOUT
    }
}

/// The jobs, as one worker sees them.
#[derive(Clone, Debug)]
pub(crate) struct Jobs {
    pub(crate) pool: Pool,
    pub(crate) sql: &'static Sql,
    pub(crate) worker: String,
}

impl Jobs {
    /// Reads the database's clock.
    pub(crate) async fn moment(&self) -> Result<Moment, PipelineError> {
        let failed = storage("ask for the time");
        let before = Instant::now();
        let mut connection = self.pool.acquire().await.map_err(&failed)?;
        let now_ms = connection.unix_ms().await.map_err(failed)?;
        Ok(Moment { now_ms, before })
    }

    /// Releases the jobs whose worker is gone.
    pub(crate) async fn rescue(&self, moment: Moment) -> Result<(), PipelineError> {
        let failed = storage("rescue jobs");
        let rescued = sqlx::query(self.sql.jobs_rescue)
            .bind(moment.now_ms - millis(rescue_after()))
            .bind(ATTEMPTS_MAX)
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        for row in rescued {
            let job: String = row.try_get("job_id").map_err(&failed)?;
            let attempt: i64 = row.try_get("attempt").map_err(&failed)?;
            let state: String = row.try_get("state").map_err(&failed)?;
            observe!("job.rescued", job = job, attempt = attempt, state = state);
        }
        Ok(())
    }

    /// Creates the job of this period, unless this worker has already done so.
    pub(crate) async fn enqueue(
        &self,
        moment: Moment,
        periodic: &mut Periodic,
    ) -> Result<(), PipelineError> {
        let every = defect!("P42", Duration::from_secs(30), periodic.every);
        let period = moment.now_ms / millis(every).max(1);
        if periodic.made == Some(period) {
            return Ok(());
        }
        sqlx::query(self.sql.jobs_enqueue)
            .bind(format!("{}/{period}", periodic.kind))
            .bind(periodic.kind.to_owned())
            .bind(moment.now_ms)
            .execute(&self.pool)
            .await
            .map_err(storage("enqueue a job"))?;
        periodic.made = Some(period);
        Ok(())
    }

    /// Claims the oldest waiting jobs, at most `count_max`.
    pub(crate) async fn claim(
        &self,
        moment: Moment,
        count_max: usize,
    ) -> Result<Vec<Job>, PipelineError> {
        let failed = storage("claim jobs");
        let rows = sqlx::query(self.sql.jobs_claim)
            .bind(moment.now_ms)
            .bind(self.worker.clone())
            .bind(i64::try_from(count_max).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        let job = |row: &AnyRow| {
            Ok(Job {
                id: row.try_get("job_id")?,
                kind: row.try_get("kind")?,
                attempt: row.try_get("attempt")?,
                claimed: moment,
            })
        };
        let mut jobs = rows.iter().map(job).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        jobs.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(jobs)
    }

    /// Marks the job as finished. A failed job is not retried: the next period does the work that is left.
    pub(crate) async fn finish(
        &self,
        job: &Job,
        error: Option<String>,
    ) -> Result<(), PipelineError> {
        sqlx::query(self.sql.jobs_finish)
            .bind(job.id.clone())
            .bind(job.attempt)
            .bind(error)
            .execute(&self.pool)
            .await
            .map_err(storage("finish a job"))?;
        Ok(())
    }

    /// Deletes jobs that finished long ago.
    pub(crate) async fn clean(&self, moment: Moment) -> Result<(), PipelineError> {
        sqlx::query(self.sql.jobs_clean)
            .bind(moment.now_ms - millis(KEPT))
            .execute(&self.pool)
            .await
            .map_err(storage("forget old jobs"))?;
        Ok(())
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rescue_is_pinned_between_the_timeout_and_the_library() {
        assert_eq!(rescue_after(), Duration::from_secs(25 * 60));
        assert!(rescue_after() > JOB_TIMEOUT);
        assert!(rescue_after() < JOB_TIMEOUT + Duration::from_secs(60 * 60));
    }
}
