//! The provisioner: stands for the outside world. It records on its own disk what it really applied. A repeated request
//! has the same effect, however often it is sent.

use std::sync::Arc;

use chaosdrill_kit::{Program, chain};
use chaosdrill_rt::{
    defect, fail_point, http,
    net::TcpListener,
    observe,
    sql::{Connection, Pool, Statements},
    statements,
    time::{self, Duration},
};
use serde_json::json;
use sqlx::Row;

use crate::{
    BoxError,
    error::{PipelineError, storage},
    kinds, start,
    wire::{Regrade, Regraded},
};

statements! {
    struct Sql {
        provisioner_grades: &'static str,
        provisioner_calls: &'static str,
        provisioner_count: &'static str,
        provisioner_grade: &'static str,
        provisioner_apply: &'static str,
    }
}

static SQL: Sql = Sql::of(Statements::new(include_str!("../sql/provisioner.sqlite.sql")));

/// The configuration of the provisioner.
#[derive(Clone, Debug)]
pub struct ProvisionerConfig {
    /// The database on its own disk.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// Scripted answers to calls about some resources; the first script that matches is used.
    pub scripts: Vec<Script>,
}

/// A scripted answer to calls about some resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Matches resources with this text in their token; the empty text matches all resources.
    pub token_contains: String,
    /// The number of the last call, for each resource, that gets this answer.
    pub last: u32,
    /// The answer.
    pub answer: Answer,
}

/// An answer that differs from the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing is applied, for this reason; `{token}` in it stands for the token of the resource.
    Skip(String),
    /// The call fails.
    Error,
    /// The call succeeds after this time.
    Slow(Duration),
}

impl ProvisionerConfig {
    /// The defaults: listens on port 80, and applies every request.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self { database_url: database_url.into(), listen: "0.0.0.0:80".into(), scripts: Vec::new() }
    }
}

/// Runs the provisioner forever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_provisioner(config: ProvisionerConfig) -> Program<'static> {
    Box::pin(provisioner(config))
}

async fn provisioner(config: ProvisionerConfig) -> Result<(), BoxError> {
    let pool = start::connect(&config.database_url).await?;
    let provisioner = Arc::new(Provisioner { pool, config });
    let mut failures = 0;
    while let Err(error) = provisioner.make_ready().await {
        failures += 1;
        start::wait("make ready", failures, &error).await;
    }
    let listener = TcpListener::bind("provisioner", &provisioner.config.listen).await?;
    let answer = move |request: http::Request| {
        let provisioner = provisioner.clone();
        async move { provisioner.answer(&request).await }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

struct Provisioner {
    pool: Pool,
    config: ProvisionerConfig,
}

impl Provisioner {
    async fn make_ready(&self) -> Result<(), sqlx::Error> {
        sqlx::query(SQL.provisioner_grades).execute(&self.pool).await?;
        sqlx::query(SQL.provisioner_calls).execute(&self.pool).await?;
        Ok(())
    }

    async fn answer(&self, request: &http::Request) -> http::Response {
        let Ok(regrade) = serde_json::from_slice::<Regrade>(&request.body) else {
            return http::Response::new(400, "this is no wish");
        };
        match self.regrade(&regrade).await {
            Ok(Ok(regraded)) => http::Response::new(200, json!(regraded).to_string()),
            Ok(Err(why)) => http::Response::new(503, why),
            Err(error) => http::Response::new(503, chain(&error)),
        }
    }

    /// Returns the answer, or why the call fails as scripted.
    async fn regrade(&self, regrade: &Regrade) -> Result<Result<Regraded, String>, PipelineError> {
        let (propagation, token) = (&regrade.propagation, &regrade.token);
        let call = self.count(token).await?;
        observe!("provisioner.called", propagation = propagation, token = token, call = call);
        let scripts = self.config.scripts.iter();
        let fits = |script: &&Script| {
            token.contains(&script.token_contains) && call <= i64::from(script.last)
        };
        match scripts.filter(fits).map(|script| &script.answer).next() {
            Some(Answer::Skip(reason)) => {
                return Ok(Ok(skip(regrade, reason.replace("{token}", token), None)));
            }
            Some(Answer::Error) => {
                let why = format!("call {call} is out of order");
                observe!("provisioner.failed", propagation = propagation, token = token, why = why);
                return Ok(Err(why));
            }
            Some(Answer::Slow(lasts)) => time::sleep(*lasts).await,
            None => {}
        }
        if !kinds::REGRADED.contains(&regrade.resource_type.as_str()) {
            let reason = format!("unsupported resource type: {}", regrade.resource_type);
            return Ok(Ok(skip(regrade, reason, None)));
        }
        let mut tx = self.pool.begin("regrade").await.map_err(storage("begin to regrade"))?;
        let regraded = self.apply(&mut tx, regrade).await?;
        tx.commit().await.map_err(storage("commit the grade"))?;
        if !regraded.applied {
            // The limit is known although this request did not set it.
            let conn_limit = defect!("P34", None, regraded.conn_limit);
            return Ok(Ok(skip(regrade, regraded.skip_reason, conn_limit)));
        }
        observe!(
            "provisioner.answered",
            propagation = propagation,
            token = token,
            applied = true,
            reason = ""
        );
        fail_point!(crate::failpoints::AFTER_APPLY)?;
        Ok(Ok(regraded))
    }

    async fn count(&self, token: &str) -> Result<i64, PipelineError> {
        sqlx::query_scalar(SQL.provisioner_count)
            .bind(token.to_owned())
            .fetch_one(&self.pool)
            .await
            .map_err(storage("count the call"))
    }

    async fn apply(
        &self,
        connection: &mut Connection,
        regrade: &Regrade,
    ) -> Result<Regraded, PipelineError> {
        let failed = storage("look at the grade");
        let known = sqlx::query(SQL.provisioner_grade)
            .bind(regrade.token.clone())
            .fetch_optional(&mut *connection)
            .await
            .map_err(&failed)?;
        if let Some(known) = known {
            let generation: i64 = known.try_get("generation").map_err(&failed)?;
            let by: String = known.try_get("propagation_id").map_err(&failed)?;
            let conn_limit = Some(known.try_get("conn_limit").map_err(&failed)?);
            let is_newer = generation > regrade.generation;
            if defect!("P35", is_newer, is_newer || generation == regrade.generation) {
                let tier: String = known.try_get("tier").map_err(&failed)?;
                let is_own = generation == regrade.generation && by == regrade.propagation;
                let skip_reason =
                    if is_own { String::new() } else { format!("already correct: {tier}") };
                return Ok(Regraded { applied: is_own, skip_reason, conn_limit });
            }
        }
        let conn_limit = kinds::conn_limit(&regrade.tier);
        sqlx::query(SQL.provisioner_apply)
            .bind(regrade.token.clone())
            .bind(regrade.resource_type.clone())
            .bind(regrade.tier.clone())
            .bind(regrade.generation)
            .bind(conn_limit)
            .bind(regrade.propagation.clone())
            .execute(connection)
            .await
            .map_err(storage("apply the grade"))?;
        Ok(Regraded { applied: true, skip_reason: String::new(), conn_limit: Some(conn_limit) })
    }
}

/// Reports that nothing was applied, and why.
fn skip(regrade: &Regrade, reason: String, conn_limit: Option<i64>) -> Regraded {
    observe!(
        "provisioner.answered",
        propagation = regrade.propagation,
        token = regrade.token,
        applied = false,
        reason = reason
    );
    Regraded { applied: false, skip_reason: reason, conn_limit }
}
